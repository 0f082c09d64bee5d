"""Networks that other people wrote, with random weights: how many maps each must give, and what they are set against."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import timm
import torch
import torchvision
from timm.layers import set_fused_attn
from torch import nn

from nlviz.blocks import Block
from nlviz.models import with_blocks
from tests.capture import modules


@dataclass(frozen=True)
class Network:
    """One row of the table.

    Attributes:
        name: as its library calls it.
        library: where it comes from.
        maps: how many it must give.
        make: (fused) -> (network in eval mode, inputs by name).
        reference: what its maps are compared with: ``softmax`` (what softmax gives in an unfused copy), ``dropped`` (what goes
            through its attention dropout there), ``eager`` (output_attentions), ``weights`` (MultiheadAttention's own),
            ``plain`` (a recomputation), or ``""``.
        light: whether it is part of the tests.
        reordered: whether it holds its positions in an order of its own, not row by row.
    """

    name: str
    library: str
    maps: int
    make: Callable[[bool], tuple[nn.Module, dict]]
    reference: str = ""
    light: bool = False
    reordered: bool = False


def _timm(name: str, size: int, batch: int, fused: bool, **options) -> tuple[nn.Module, dict]:
    set_fused_attn(fused)
    try:
        net = timm.create_model(name, **options)
    finally:
        set_fused_attn(True)
    return net.eval(), {"x": torch.randn(batch, 3, size, size)}


def _torchvision(name: str, size: int, fused: bool) -> tuple[nn.Module, dict]:
    return getattr(torchvision.models, name)(weights=None).eval(), {"x": torch.randn(1, 3, size, size)}


def of_timm(name: str, maps: int, size: int = 224, reference: str = "softmax", light: bool = False, label: str = "", batch: int = 1,
            **options) -> Network:
    return Network(label or name, "timm", maps, partial(_timm, name, size, batch, **options), reference, light)


def of_torchvision(name: str, maps: int, size: int = 224, reference: str = "softmax", light: bool = False) -> Network:
    return Network(name, "torchvision", maps, partial(_torchvision, name, size), reference, light)


def _video(name: str, frames: int, size: int, blocks: dict[str, str], fused: bool) -> tuple[nn.Module, dict]:
    net = with_blocks(getattr(torchvision.models.video, name)(weights=None), blocks) if blocks else getattr(
        torchvision.models.video, name)(weights=None)
    for module in net.modules():
        if isinstance(module, Block):  # which adds nothing before it is trained
            nn.init.normal_(module.W[1].weight, std=0.1)
    return net.eval(), {"x": torch.randn(1, 3, frames, size, size)}


def of_video(name: str, maps: int, frames: int, size: int, reference: str = "softmax", light: bool = False,
             blocks: dict[str, str] | None = None) -> Network:
    label = f"{name} with {' and '.join(blocks.values())}" if blocks else name
    return Network(label, "torchvision", maps, partial(_video, name, frames, size, blocks or {}), reference, light)


SMALL = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
PICTURE = SMALL | {"image_size": 64, "patch_size": 16}
PYRAMID = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 24, 32], "num_attention_heads": [1, 2, 3, 4]}


def _transformers(kind: str, config: dict, shape: tuple[int, ...], fused: bool) -> tuple[nn.Module, dict]:
    import transformers

    if kind.startswith("Detr"):
        backbone = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1] * 4, layer_type="basic",
                                             out_features=["stage4"])
        config = config | {"backbone_config": backbone}
    made = getattr(transformers, kind)
    options = made.config_class(**config)
    backend = "sdpa" if fused and not kind.startswith(("Detr", "Timesformer")) else "eager"
    return made._from_config(options, attn_implementation=backend).eval(), {"pixel_values": torch.randn(shape)}


def of_transformers(kind: str, maps: int, config: dict, *shape: int, reference: str = "eager", label: str = "",
                    reordered: bool = False) -> Network:
    made = partial(_transformers, kind, config, shape or (2, 3, 64, 64))
    return Network(label or kind, "transformers", maps, made, reference, True, reordered)


CLIP = SMALL | {"image_size": 32, "patch_size": 16, "num_frames": 4}


DETR = {"use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None, "d_model": 32, "num_queries": 5,
        **{f"{part}_{what}": number for part in ("encoder", "decoder")
           for what, number in (("layers", 2), ("attention_heads", 4), ("ffn_dim", 32))}}


def _own(kind: type[nn.Module], fused: bool) -> tuple[nn.Module, dict]:
    return kind().eval(), {"x": torch.randn(3, 6, 8)}


OWN = {"softmax over the first axis, v @ A": modules.FirstAxis, "einsum": modules.EinsumHeads, "no softmax": modules.NoSoftmax,
       "two heads by hand": modules.TwoHeads, "grouped-query attention": modules.Grouped, "mixed heads": modules.TalkingHeads,
       "inside checkpointing": modules.CheckpointedReentrant}


def _encoder(fused: bool) -> tuple[nn.Module, dict]:
    layer = nn.TransformerEncoderLayer(32, 8, batch_first=True)
    return nn.TransformerEncoder(layer, 3, enable_nested_tensor=False).eval(), {"src": torch.randn(2, 6, 32)}


NETWORKS = [
    of_torchvision("vit_b_16", 12, reference="weights"), of_torchvision("vit_b_32", 12, reference="weights", light=True),
    of_torchvision("swin_t", 12, light=True), of_torchvision("swin_v2_t", 12, 256), of_torchvision("maxvit_t", 22),
    of_timm("vit_tiny_patch16_224", 12, light=True), of_timm("vit_small_patch14_dinov2", 12, 224, img_size=224),
    of_timm("vit_small_patch14_reg4_dinov2", 12, 196, img_size=196), of_timm("deit_tiny_distilled_patch16_224", 12, light=True),
    of_timm("eva02_tiny_patch14_224", 12, light=True), of_timm("beit_base_patch16_224", 12),
    of_timm("cait_xxs24_224", 26, reference="dropped"), of_timm("xcit_nano_12_p16_224", 14, light=True),
    of_timm("swin_tiny_patch4_window7_224", 12), of_timm("swinv2_tiny_window8_256", 12, 256), of_timm("maxvit_tiny_tf_224", 22),
    of_timm("maxvit_rmlp_pico_rw_256", 22, 128, light=True, img_size=128), of_timm("mvitv2_tiny", 10),
    of_timm("pvt_v2_b0", 8, light=True),
    of_timm("levit_128s", 11, light=True), of_timm("botnet26t_256", 3, 256), of_timm("halonet26t", 3, 256, light=True),
    of_timm("gcresnet50t", 16, 128, light=True),
    of_timm("resnet26t", 8, 128, label="resnet26t with NonLocalAttn", light=True, block_args={"attn_layer": "nl"}),
    of_timm("samvit_base_patch16_224", 12), of_timm("volo_d1_224", 20), of_timm("twins_pcpvt_small", 16),
    of_timm("twins_svt_small", 18), of_timm("convit_tiny", 12, reference="dropped", light=True),
    of_timm("crossvit_tiny_240", 21, 240),
    of_timm("davit_tiny", 12), of_timm("edgenext_xx_small", 3, 128, light=True), of_timm("efficientvit_m0", 24, light=True),
    replace(of_timm("hiera_tiny_224", 12), reordered=True), of_timm("mobilevit_xxs", 9, 128, light=True), of_timm("nest_tiny", 12),
    of_timm("pit_ti_224", 12, light=True), of_timm("tnt_s_legacy_patch16_224", 24), of_timm("visformer_tiny", 8, light=True),
    of_transformers("ViTModel", 3, PICTURE), of_transformers("Dinov2Model", 3, PICTURE, 2, 3, 64, 96),
    of_transformers("Dinov2WithRegistersModel", 3, PICTURE, 2, 3, 64, 96), of_transformers("CLIPVisionModel", 3, PICTURE),
    of_transformers("BeitModel", 3, PICTURE | {"use_relative_position_bias": True}),
    of_transformers("SegformerModel", 4, PYRAMID, 2, 3, 64, 96),
    of_transformers("SwinModel", 4, {"image_size": 64, "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4},
                    reference="softmax"),  # it hands out one map a stage
    of_transformers("VideoMAEModel", 3, CLIP, 2, 4, 3, 32, 32),
    of_transformers("VivitModel", 3, CLIP | {"tubelet_size": [2, 16, 16]}, 2, 4, 3, 32, 32),
    of_transformers("TimesformerModel", 6, CLIP, 2, 4, 3, 32, 32, reference="softmax", label="TimesformerModel, divided"),
    of_transformers("TimesformerModel", 3, CLIP | {"attention_type": "joint_space_time"}, 2, 4, 3, 32, 32, reordered=True,
                    label="TimesformerModel, joint"),
    of_video("mvit_v2_s", 16, 16, 224), of_video("swin3d_t", 12, 8, 64, light=True),
    of_video("r3d_18", 2, 8, 56, "", True, {"layer2.1": "dot_product", "layer3.1": "embedded_gaussian"}),
    of_transformers("DetrForObjectDetection", 6, DETR, 2, 3, 96, 128),
    Network("nn.TransformerEncoder", "torch", 3, _encoder, "weights", True),
    *(Network(name, "own module", 1, partial(_own, kind), "plain", True) for name, kind in OWN.items()),
    *(of_timm(name, 0, size, "", True, **options) for name, size, options in (
        ("resnet18", 64, {}), ("convnext_atto", 64, {}), ("skresnet18", 64, {}), ("seresnet18", 64, {}), ("poolformer_s12", 64, {}),
        ("mixer_s32_224", 224, {}), ("coat_lite_tiny", 64, {"img_size": 64}), ("lambda_resnet26t", 128, {}),
        ("efficientvit_b0", 64, {}), ("mobilevitv2_050", 128, {}))),
]
