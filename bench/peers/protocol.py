"""The peers' side of src/measure/protocol.ts: JSON lines on standard input and output, a round on request."""

import json
import os
import sys


def serve(open_session):
    """Calls open_session(setup) with the first line, then its round(request) for each further one.

    open_session gives an object with `facts` (a dict) and `round`. An ImportError means that the peer is missing.
    """
    # Libraries write to standard output as they like: answers get a copy of it, everything else goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def tell(**answer):
        answers.write(json.dumps(answer, separators=(",", ":")) + "\n")
        answers.flush()

    try:
        setup = json.loads(sys.stdin.readline())
        session = open_session(setup)
        tell(ready=session.facts)
        for line in sys.stdin:
            tell(round=session.round(json.loads(line)))
    except ImportError as error:
        tell(missing=str(error))
    except Exception as error:  # told to the other side, which says what it means
        tell(error=f"{type(error).__name__}: {error}")
        raise
