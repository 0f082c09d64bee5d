"""Does dependence on the query pay? Networks of a study by how much they depend, and by what one map for all queries costs them."""

from collections.abc import Mapping

ACCURACIES = ("pixel_accuracy", "accuracy")


def paying(summary: Mapping, effects: Mapping) -> list[dict]:
    """A point of :func:`nlviz.figures.loss_against_dependence` for each network whose score is known.

    Its dependence is that of its first map over positions whose rows are distributions; 0 of a map that is the same for all
    queries by design.

    Args:
        summary, effects: of one study, as ``run_study`` and ``run_effects`` return them.
    """
    points = []
    for row in effects["rows"]:
        score = next((row["scores"][name] for name in ACCURACIES if name in row["scores"]), None)
        depends = _dependence([own for own in summary["rows"] if own["model"] == row["model"]])
        if row["how"] == "mean row" and score is not None and depends is not None:
            data, _, label = row["model"].partition("_")
            points.append({"label": label, "data": data, "dependence": depends, "lost": score["lost"]["value"],
                           "low": score["lost"]["low"], "high": score["lost"]["high"]})
    return points


def _dependence(rows: list[Mapping]) -> float | None:
    for row in rows:
        measure = row["measures"]["jsd_att_nats"]
        if "mean" in measure and measure.get("shuffled"):
            return measure["mean"] / measure["shuffled"]
    return 0.0 if any(row["relates"] == "global" for row in rows) else None
