"""Every block as plain loops over its published equation: Python floats, one position at a time, and no code of nlviz.

A picture is {cell: [a value for each channel]}, cells in raster order. Weights come from a state_dict by their published
names. Every function of LOOPS gives (maps, z): the block's maps by the names of its parts, as rows (a gate as its values),
and the picture z.
"""

import itertools
import math

EPS = 1e-5  # of BatchNorm and LayerNorm
POOL = {1: (2,), 2: (2, 2), 3: (1, 2, 2)}  # of the non-local block's keys


class Weights:
    """What a state_dict holds, as lists."""

    def __init__(self, state):
        self.values = {name: tensor.flatten().tolist() for name, tensor in state.items()}
        self.rows = {name: tensor.flatten(1).tolist() for name, tensor in state.items() if tensor.dim() > 1}

    def __contains__(self, layer):
        return f"{layer}.weight" in self.values

    def linear(self, layer, vector):
        """A 1x1 convolution at one position, as the sum it is."""
        found = [dot(row, vector) for row in self.rows[f"{layer}.weight"]]
        return plus(found, self.values.get(f"{layer}.bias", [0.0] * len(found)))

    def conv3x3(self, layer, x, cell, dilation):
        """A 3x3 convolution at one position, zeros beyond the border."""
        (row, column), channels = cell, range(len(x[cell]))
        seen = [x.get((row + down * dilation, column + right * dilation), [0.0] * len(channels))
                for down in (-1, 0, 1) for right in (-1, 0, 1)]
        return self.linear(layer, [near[channel] for channel in channels for near in seen])

    def norm(self, layer, vector):
        """BatchNorm with the statistics it has learned."""
        names = ("running_mean", "running_var", "weight", "bias")
        return [(v - mean) / math.sqrt(variance + EPS) * weight + bias
                for v, mean, variance, weight, bias in zip(vector, *(self.values[f"{layer}.{name}"] for name in names))]

    def layer_norm(self, layer, vector):
        mean = sum(vector) / len(vector)
        variance = sum((v - mean) ** 2 for v in vector) / len(vector)
        return [(v - mean) / math.sqrt(variance + EPS) * weight + bias
                for v, weight, bias in zip(vector, self.values[f"{layer}.weight"], self.values[f"{layer}.bias"])]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def plus(a, b, factor=1.0):
    return [x + factor * y for x, y in zip(a, b)]


def softmax(logits):
    total = sum(math.exp(v - max(logits)) for v in logits)
    return [math.exp(v - max(logits)) / total for v in logits]


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


def relu(vector):
    return [max(0.0, v) for v in vector]


def leaky(vector):
    return [v if v > 0 else 0.01 * v for v in vector]


def mean(vectors):
    return [sum(values) / len(vectors) for values in zip(*vectors)]


def weighted(row, vectors):
    return [dot(row, channel) for channel in zip(*vectors)]


def each(function, x):
    return {cell: function(vector) for cell, vector in x.items()}


def grid_of(x):
    return tuple(last + 1 for last in max(x))


def pooled(x, stride):
    """The largest value of each channel in each whole window."""
    found = {}
    for key in itertools.product(*(range(size // step) for size, step in zip(grid_of(x), stride))):
        window = itertools.product(*(range(k * step, (k + 1) * step) for k, step in zip(key, stride)))
        found[key] = [max(values) for values in zip(*(x[cell] for cell in window))]
    return found


def upsampled(x, grid):
    """Bilinear, the corners of x on the corners of the grid."""
    found = {}
    for cell in itertools.product(*map(range, grid)):
        near = []  # for each axis: ((index, weight), (index, weight))
        for at, size, small in zip(cell, grid, grid_of(x)):
            place = at * (small - 1) / (size - 1) if size > 1 else 0.0
            low = min(int(place), small - 1)
            near.append(((low, 1 - (place - low)), (min(low + 1, small - 1), place - low)))
        found[cell] = [sum(a * b * x[row, column][channel] for row, a in near[0] for column, b in near[1])
                       for channel in range(len(x[0, 0]))]
    return found


def non_local(w, x, name, dimension=2, sub_sample=True, bn_layer=True, scale_power=0):
    """Wang et al. 2018, eq. 1 to 6."""
    stride = POOL[dimension] if sub_sample else (1,) * dimension
    g, phi = ("g.0", "phi.0") if sub_sample else ("g", "phi")
    values = list(pooled(each(lambda v: w.linear(g, v), x), stride).values())
    keys = list(pooled(x if name == "gaussian" else each(lambda v: w.linear(phi, v), x), stride).values())
    rows, z = [], {}
    for cell, vector in x.items():
        q = vector if name == "gaussian" else w.linear("theta", vector)
        if name == "concatenation":
            row = [max(0.0, *w.linear("concat_project.0", q + k)) / len(keys) for k in keys]
        elif name == "dot_product":
            row = [dot(q, k) / len(keys) for k in keys]
        else:
            row = softmax([dot(q, k) * len(q) ** scale_power for k in keys])
        rows.append(row)
        z[cell] = plus(behind_w(w, weighted(row, values), bn_layer), vector)
    return {"": rows}, z


def behind_w(w, y, bn_layer):
    return w.norm("W.1", w.linear("W.0", y)) if bn_layer else w.linear("W", y)


def disentangled(w, x, bn_layer=True, use_scale=True, temperature=0.05):
    """Yin et al. 2020, eq. 12."""
    q, k, values = ([w.linear(layer, vector) for vector in x.values()] for layer in ("theta", "phi", "g"))
    q, k = ([plus(vector, mean(vectors), -1) for vector in vectors] for vectors in (q, k))
    scale = temperature * (math.sqrt(len(q[0])) if use_scale else 1)
    pairwise = [softmax([dot(a, b) / scale for b in k]) for a in q]
    unary = softmax([w.linear("conv_mask", vector)[0] for vector in x.values()])
    rows = [plus(row, unary) for row in pairwise]
    z = {cell: plus(behind_w(w, weighted(row, values), bn_layer), x[cell]) for cell, row in zip(x, rows)}
    return {"sum": rows, "pairwise": pairwise, "unary": [unary]}, z


def snl(w, x, dimension=2):
    """Cao et al. 2019, eq. 5."""
    row = softmax([w.linear("conv_mask", vector)[0] for vector in x.values()])
    added = w.linear("conv_value", weighted(row, x.values()))
    return {"": [row]}, each(lambda v: plus(v, added), x)


def gc(w, x, ratio=None, pooling_type="att", fusion_types=("channel_add",), dimension=2):
    """Cao et al. 2019, eq. 6 and fig. 4d; with both fusions the gate comes first."""
    uniform = [1 / len(x)] * len(x)
    row = softmax([w.linear("conv_mask", vector)[0] for vector in x.values()]) if pooling_type == "att" else uniform
    context, maps, z = weighted(row, x.values()), {"attention": [row]}, x

    def transformed(layer):
        return w.linear(f"{layer}.3", relu(w.layer_norm(f"{layer}.1", w.linear(f"{layer}.0", context))))

    if "channel_mul" in fusion_types:
        gate = [sigmoid(v) for v in transformed("channel_mul_conv")]
        z = each(lambda vector: [v * g for v, g in zip(vector, gate)], z)
    if "channel_add" in fusion_types:
        maps["added to channels"] = transformed("channel_add_conv")
        z = each(lambda vector: plus(vector, maps["added to channels"]), z)
    return maps | ({"gate of channels": gate} if "channel_mul" in fusion_types else {}), z


def se(w, x, ratio=None, dimension=2):
    """Hu et al. 2018, eq. 2 to 4."""
    gate = [sigmoid(v) for v in w.linear("fc2", relu(w.linear("fc1", mean(list(x.values())))))]
    return {"": gate}, each(lambda vector: [v * g for v, g in zip(vector, gate)], x)


def pam(w, x):
    """Fu et al. 2019, eq. 1 and 2."""
    q, k, values = ([w.linear(layer, vector) for vector in x.values()] for layer in ("query_conv", "key_conv", "value_conv"))
    rows, (gamma,) = [softmax([dot(a, b) for b in k]) for a in q], w.values["gamma"]
    return {"": rows}, {cell: plus(x[cell], weighted(row, values), gamma) for cell, row in zip(x, rows)}


def cam(w, x, dimension=2):
    """Fu et al. 2019, eq. 3 and 4, with the published code's softmax(row's maximum - energy)."""
    channels, (gamma,) = list(zip(*x.values())), w.values["gamma"]
    energy = [[dot(a, b) for b in channels] for a in channels]
    rows = [softmax([max(row) - e for e in row]) for row in energy]
    attended = [[gamma * y + v for y, v in zip(weighted(row, channels), channel)] for row, channel in zip(rows, channels)]
    return {"": rows}, dict(zip(x, map(list, zip(*attended))))


def cells_of_partition(size, parts):
    """For each index along an axis the part that it lies in: size // parts each, the last one takes what is left over."""
    step, found = size // parts, []
    for part in range(parts):
        stop = size if part == parts - 1 else (part + 1) * step
        found += [part] * (stop - part * step)
    return found


def self_attention(w, stage, x, scale=1, partition=1):
    """Rows and context of OCNet's attention (Yuan and Wang 2018, section 3)."""
    small = pooled(x, (scale, scale))
    down, right = (cells_of_partition(size, partition) for size in grid_of(small))
    q, k = (each(lambda v: leaky(w.norm(f"{stage}.{f}.1", w.linear(f"{stage}.{f}.0", v))), small) for f in ("f_query", "f_key"))  # noqa: B023
    values, rows, context = each(lambda v: w.linear(f"{stage}.f_value", v), small), [], {}
    for a in small:
        mine = [b for b in small if (down[b[0]], right[b[1]]) == (down[a[0]], right[a[1]])]
        row = dict(zip(mine, softmax([dot(q[a], k[b]) / math.sqrt(len(k[b])) for b in mine])))
        rows.append([row.get(b, 0.0) for b in small])
        context[a] = w.linear(f"{stage}.W", weighted(rows[-1], values.values()))
    return rows, upsampled(context, grid_of(x)) if scale > 1 else context


def fused(w, layer, *pictures):
    """1x1 convolution, norm and activation over the channels of several pictures."""
    joined = {cell: [v for picture in pictures for v in picture[cell]] for cell in pictures[0]}
    return each(lambda v: leaky(w.norm(f"{layer}.1", w.linear(f"{layer}.0", v))), joined)


def base_oc(w, x, scale=1):
    rows, context = self_attention(w, "stages.0", x, scale=scale)
    return {"": rows}, fused(w, "conv_bn_dropout", context, x)


def pyramid_oc(w, x, sizes):
    found = [self_attention(w, f"stages.{number}", x, partition=size) for number, size in enumerate(sizes)]
    names = [f"{size} × {size} cells" if size > 1 else "whole picture" for size in sizes]
    z = fused(w, "conv_bn_dropout", fused(w, "up_dr", x), *(context for _, context in found))
    return dict(zip(names, (rows for rows, _ in found))), z


def asp_oc(w, x, dilations=(12, 24, 36)):
    def conv(layer, dilation):
        return {cell: leaky(w.norm(f"{layer}.1", w.conv3x3(f"{layer}.0", x, cell, dilation))) for cell in x}

    features = {cell: leaky(w.norm("context.1", w.conv3x3("context.0", x, cell, 1))) for cell in x}
    rows, context = self_attention(w, "context.2.stages.0", features, scale=2)
    branches = [fused(w, "context.2.conv_bn_dropout", context), fused(w, "conv2", x),
                *(conv(f"conv{3 + number}", dilation) for number, dilation in enumerate(dilations))]
    return {"": rows}, fused(w, "conv_bn_dropout", *branches)


def criss_cross(w, x, recurrence=2):
    """Huang et al. 2019, eq. 1 and 2: the column's own entry is minus infinity, so that the query counts once, in its row."""
    (height, width), (gamma,), maps = grid_of(x), w.values["gamma"], []
    for _ in range(recurrence):
        q, k, v = (each(lambda vector: w.linear(layer, vector), x) for layer in ("query_conv", "key_conv", "value_conv"))  # noqa: B023
        rows, following = [], {}
        for row, column in x:
            keys = [(i, column) for i in range(height)] + [(row, j) for j in range(width)]
            logits = [-math.inf if n < height and key == (row, column) else dot(q[row, column], k[key])
                      for n, key in enumerate(keys)]
            seen = dict.fromkeys(x, 0.0)
            for key, weight in zip(keys, softmax(logits)):
                seen[key] += weight
            rows.append(list(seen.values()))
            following[row, column] = plus(x[row, column], weighted(rows[-1], v.values()), gamma)
        maps.append(rows)
        x = following
    names, composed = [f"A{r}" for r in range(1, recurrence + 1)], maps[0]
    for rows in maps[1:]:
        composed = [weighted(row, composed) for row in rows]
    return {" ".join(reversed(names)): composed} | dict(zip(names, maps)), x


def relation_aware(w, things, suffix):
    """Relations and gate of Zhang et al. 2020, eq. 1 to 6. What i is to every j comes first, as in the published code."""
    def embedded(name, vector):
        return relu(w.norm(f"{name}_{suffix}.1", w.linear(f"{name}_{suffix}.0", vector)))

    theta, phi = ([embedded(name, vector) for vector in things] for name in ("theta", "phi"))
    relations, gate = [[dot(a, b) for b in phi] for a in theta], []
    for i, vector in enumerate(things):
        to_others, to_me = relations[i], [row[i] for row in relations]
        own = embedded("gx", vector)
        joint = [sum(own) / len(own), *embedded("gg", to_others + to_me)]
        hidden = relu(w.norm(f"W_{suffix}.1", w.linear(f"W_{suffix}.0", joint)))
        gate += [sigmoid(v) for v in w.norm(f"W_{suffix}.4", w.linear(f"W_{suffix}.3", hidden))]
    return relations, gate


def rga_spatial(w, x, grid=None, ratio=None):
    relations, gate = relation_aware(w, list(x.values()), "spatial")
    z = {cell: [v * g for v in vector] for (cell, vector), g in zip(x.items(), gate)}
    return {"relations": relations, "gate of positions": gate}, z


def rga_channel(w, x, grid=None, ratio=None):
    relations, gate = relation_aware(w, list(zip(*x.values())), "channel")
    return {"relations": relations, "gate of channels": gate}, each(lambda vector: [v * g for v, g in zip(vector, gate)], x)


LOOPS = {name: lambda w, x, name=name, **options: non_local(w, x, name, **options)
         for name in ("gaussian", "embedded_gaussian", "dot_product", "concatenation")}
LOOPS |= {loop.__name__: loop for loop in (snl, gc, se, pam, cam, base_oc, pyramid_oc, asp_oc, criss_cross, rga_spatial,
                                           rga_channel, disentangled)}
