"""A run of training that is ended from outside."""

from nlviz.training import trainer as training


def killed_in_the_third(monkeypatch) -> list[int]:
    """Ctrl-C in the third epoch that runs from now on; returns the epochs that were begun."""
    one_epoch, started = training._one_epoch, []

    def run(*args):
        started.append(args[3])
        if len(started) == 3:
            raise KeyboardInterrupt
        return one_epoch(*args)

    monkeypatch.setattr(training, "_one_epoch", run)
    return started
