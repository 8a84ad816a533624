"""What the guide shows, run as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[4] / "docs" / "guards.md"


def test_the_example_of_the_guide_prints_what_the_guide_says():
    text = GUIDE.read_text()
    example = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0]
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=GUIDE.parents[1],
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )

    assert f"It prints `{done.stdout.splitlines()[-1]}`" in text
