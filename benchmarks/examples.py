"""The pictures of the worked examples, drawn by the scripts of docs/your-network.md into docs/examples."""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE, OUT = ROOT / "docs/your-network.md", ROOT / "docs/examples"


def main() -> None:
    scripts = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    OUT.mkdir(exist_ok=True)
    sys.path.insert(0, str(ROOT))  # what -m puts there is wherever one is
    os.chdir(OUT)
    for script in scripts:
        if ".save(\"" in script or ".save(f\"" in script:
            exec(script, {})
    for checkpoint in (*Path().glob("*.pth"), *Path().glob("*.safetensors")):
        checkpoint.unlink()


if __name__ == "__main__":
    main()
