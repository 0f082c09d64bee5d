"""How many numbers the networks of two libraries have, BatchNorm's statistics among them, the last layer left out."""

SIZES: dict[str, dict[str, int]] = {
    "torchvision": {
        "resnet18": 11186112, "resnet34": 21301696, "resnet50": 23561152, "resnet101": 42605504, "resnet152": 58295232,
        "resnext50_32x4d": 23048128, "resnext101_32x8d": 86945216, "resnext101_64x4d": 81609152, "wide_resnet50_2": 66902464,
        "wide_resnet101_2": 124975552, "vit_b_16": 85798656, "vit_b_32": 87455232, "vit_l_16": 303301632, "vit_l_32": 305510400,
        "vit_h_14": 630764800, "swin_t": 27519354, "swin_s": 48837258, "swin_b": 86743224, "swin_v2_t": 27587970,
        "swin_v2_s": 48979242, "swin_v2_b": 86916648, "efficientnet_b0": 4049564, "efficientnet_b1": 6575232,
        "efficientnet_b2": 7768562, "efficientnet_b3": 10783528, "efficientnet_b4": 17673816, "mobilenet_v3_small": 939120,
        "mobilenet_v3_large": 2996352, "maxvit_t": 30191560,
    },
    "timm": {
        "vit_tiny_patch16_224": 5524416, "vit_tiny_patch16_384": 5597376, "vit_small_patch16_224": 21665664,
        "vit_small_patch16_384": 21811584, "vit_small_patch32_224": 22493952, "vit_small_patch32_384": 22530432,
        "vit_small_patch8_224": 21670272, "vit_base_patch16_224": 85798656, "vit_base_patch16_384": 86090496,
        "vit_base_patch32_224": 87455232, "vit_base_patch32_384": 87528192, "vit_base_patch8_224": 85807872,
        "vit_large_patch16_224": 303301632, "vit_large_patch16_384": 303690752, "deit_tiny_patch16_224": 5524416,
        "deit_small_patch16_224": 21665664, "deit_base_patch16_224": 85798656, "deit_base_patch16_384": 86090496,
        "deit_tiny_distilled_patch16_224": 5524800, "deit_small_distilled_patch16_224": 21666432,
        "deit_base_distilled_patch16_224": 85800192, "deit3_small_patch16_224": 21674496, "deit3_base_patch16_224": 85816320,
        "swin_tiny_patch4_window7_224": 27519354, "swin_small_patch4_window7_224": 48837258,
        "swin_base_patch4_window7_224": 86743224, "swin_large_patch4_window7_224": 194995476,
        "swin_base_patch4_window12_384": 86878584, "gcresnet33ts": 18639362, "gcresnet50t": 23901312, "gcresnext26ts": 8458560,
        "gcresnext50ts": 13671552, "botnet26t_256": 10470632, "botnet50ts_256": 20746920, "halonet26t": 10462248,
        "halonet50ts": 20737512, "sebotnet33ts_256": 12456040, "seresnet50": 26092144, "cait_xxs24_224": 11763264,
        "cait_xs24_384": 26381088, "cait_s24_224": 46531200, "xcit_tiny_12_p16_224": 6528600, "xcit_small_12_p16_224": 25878960,
    },
}
