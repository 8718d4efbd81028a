"""What is left of the rows when the services are asked past the gateway: all that is not its own."""

from __future__ import annotations

from platformctl.operations.abuse import bodies, rights, shapes
from platformctl.operations.contract import entrance
from platformctl.operations.contract.steps import Promise, Rows

OF_THE_GATEWAY: frozenset[Promise] = frozenset(
    {
        entrance.the_page_is_open_or_closed,
        entrance.one_document_describes_every_endpoint_and_nothing_else,
        entrance.refusals_are_never_cached,
        entrance.every_answer_is_named_and_guarded,
        bodies.fifty_megabytes_are_refused_before_they_are_read,
        rights.another_address_in_a_header_is_no_other_client,
        shapes.no_path_in_disguise_is_served,
        shapes.who_reads_nothing_is_left_and_holds_up_nobody,  # of the gateway's own large document
    }
)


def of_the_services(rows: Rows) -> Rows:
    left = {
        name: tuple(each for each in promises if each not in OF_THE_GATEWAY)
        for name, promises in rows.items()
    }
    return {name: promises for name, promises in left.items() if promises}
