"""What files of several kinds cannot tell."""

from .arch import Question

MODE = Question("mode", "Which pairwise function do the non-local blocks have? Both have the same weights.", {
    "embedded_gaussian": "softmax over the keys", "dot_product": "divided by the number of keys"}, "embedded_gaussian")
USE_SCALE = Question("use_scale", "Are queries times keys divided by the square root of their channels?", {
    "yes": "divided, as in mmcv's default", "no": "as they are"}, "yes")
TEMPERATURE = Question("temperature", "By which temperature are the pairwise logits divided?", {
    "0.05": "of the published configuration", "1": "none"}, "0.05", number=True)
RECURRENCE = Question("recurrence", "How many times does the criss-cross attention run?", {
    "2": "each position sees all others", "1": "each sees its row and column", "3": "three times"}, "2")
NORM = Question("norm_type", "Which norm is behind the non-local blocks? None of the file's weights is of one.", {
    "layernorm": "over positions and channels, which has no weights", "none": "none"}, "layernorm")
NORMALISATION = Question("normalisation", "How are pixels prepared?", {
    "imagenet": "RGB, ImageNet's mean and deviation (PyTorch and mm libraries)",
    "caffe": "BGR, ImageNet's mean in 0 to 255 subtracted (Caffe weights)",
    "half": "RGB from -1 to 1", "unit": "RGB from 0 to 1"}, "imagenet")

IMAGENET = (123.675, 116.28, 103.53)  # of RGB pixels 0 to 255
PIXELS = {  # answer to NORMALISATION -> mean, deviation of RGB pixels 0 to 255; "caffe" weights take BGR
    "imagenet": (IMAGENET, (58.395, 57.12, 57.375)), "caffe": (IMAGENET, (1.0,) * 3), "half": ((127.5,) * 3, (127.5,) * 3),
    "unit": ((0.0,) * 3, (255.0,) * 3)}
