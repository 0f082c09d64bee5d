"""Names of what the bundled networks tell apart, in the order of their outputs."""

_CALTECH101 = """
Faces Faces_easy Leopards Motorbikes accordion airplanes anchor ant barrel bass beaver binocular bonsai brain
brontosaurus buddha butterfly camera cannon car_side ceiling_fan cellphone chair chandelier cougar_body cougar_face
crab crayfish crocodile crocodile_head cup dalmatian dollar_bill dolphin dragonfly electric_guitar elephant emu
euphonium ewer ferry flamingo flamingo_head garfield gerenuk gramophone grand_piano hawksbill headphone hedgehog
helicopter ibis inline_skate joshua_tree kangaroo ketch lamp laptop llama lobster lotus mandolin mayfly menorah
metronome minaret nautilus octopus okapi pagoda panda pigeon pizza platypus pyramid revolver rhino rooster saxophone
schooner scissors scorpion sea_horse snoopy soccer_ball stapler starfish stegosaurus stop_sign strawberry sunflower
tick trilobite umbrella watch water_lilly wheelchair wild_cat windsor_chair wrench yin_yang
"""
_MSRC = """
building grass tree cow horse sheep sky mountain aeroplane water face car bicycle flower sign bird book chair road
cat dog body boat
"""

CLASSES: dict[str, list[str]] = {
    "caltech101": _CALTECH101.split(),
    "msrc": _MSRC.split(),
    "clips": _MSRC.split(),
    "moves": [f"{way} {speed}" for way in ("left", "right", "up", "down") for speed in ("slowly", "fast")],
    "camvid": "sky building pole road pavement tree sign fence car pedestrian bicyclist".split(),
    "fashion": ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"],
}
