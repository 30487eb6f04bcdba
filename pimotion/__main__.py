"""``python -m pimotion``."""

import sys

from pimotion.cli import main

if __name__ == "__main__":
    sys.exit(main())
