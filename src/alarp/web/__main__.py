"""`python -m alarp.web` serves the site; `python -m alarp.web migrate` and the like are Django's commands."""

from __future__ import annotations

import os
import sys

from alarp.kernel import BadInput


def main(arguments: list[str]) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "alarp.web.settings"
    try:
        if arguments:
            from django.core.management import execute_from_command_line

            execute_from_command_line(["alarp web", *arguments])
            return 0
        from alarp.web.server import serve

        return serve()
    except BadInput as refusal:
        print(str(refusal), file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
