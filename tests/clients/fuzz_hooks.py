"""What counts as a fault when schemathesis throws generated requests at the program."""

import schemathesis


@schemathesis.check
def no_fault_of_ours(ctx, response, case):
    """501 says that something is not possible here, 503 that it is not possible just now."""
    assert response.status_code < 500 or response.status_code in (501, 503), response.text
