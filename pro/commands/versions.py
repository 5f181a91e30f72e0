"""Which version of a protocol a command speaks of."""

from __future__ import annotations

import click

from pro.domain.protocol import Protocol
from pro.library import Library

version_option = click.option("--version", help="The newest unless given.")


def asked_for(library: Library, id_: str, version: str | None) -> Protocol:
    """That version, or the newest, drafts too; raises Unknown."""
    return library.latest_protocol(id_) if version is None else library.protocol(id_, version)


def tell_a_draft(library: Library, protocol: Protocol) -> None:
    """On standard error: what a script reads stays as it is."""
    if not library.is_protocol_published(protocol.id, protocol.version):
        click.echo(f"{protocol.id} {protocol.version} is a draft: it is not published", err=True)
