"""`python -m lcrec_core`: see `cli`."""

import sys

from lcrec_core.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
