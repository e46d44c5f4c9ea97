"""What counts as a fault when schemathesis throws generated requests at the program."""

import schemathesis


def says_not_possible(case):
    """Whether the document says of this route, or of this parameter, that it cannot be had here: 501."""
    return "501" in case.operation.definition.raw.get("responses", {})


@schemathesis.check
def no_fault_of_ours(ctx, response, case):
    """No 5xx at all: all that Warmline stands on runs."""
    allowed = response.status_code == 501 and says_not_possible(case)
    assert response.status_code < 500 or allowed, response.text
