"""Commands about the record: proving the event chain, drawing the flows, listing documents."""

import sys

import click

from portal.actions.events import verify_chain
from portal.actions.sealing import find_broken, find_lost
from portal.cli.terminal import needs_database
from portal.models import Credential, DocumentLog
from portal.papers.credentials import stores
from portal.rules.flows import FLOWS


@click.group("audit")
def audit():
    """操作记录。"""


@audit.command("verify")
@needs_database
def verify():
    """验证操作记录的哈希链、全部证书（证卡）的校验码、状态和文件；完好返回 0，否则指出损坏之处并返回 1。"""
    sound, broken = verify_chain()
    if broken is None:
        click.echo(f"操作记录完好：共{sound}条。")
    else:
        click.echo(
            f"操作记录在第{broken.id}条损坏（{broken.at:%Y-%m-%d %H:%M:%S} {broken.name} {broken.label}）："
            f"内容与哈希不符，或前面的记录被删除。此前{sound}条完好。",
            err=True,
        )
    faults = 0
    for credential, reason in find_broken(*stores()):
        faults += 1
        click.echo(f"证书（证卡）{credential.number}（第{credential.id}条，{credential.name}）：{reason}。", err=True)
    for number in find_lost():
        faults += 1
        click.echo(f"证书（证卡）{number}：操作记录中已签发，数据已不存在。", err=True)
    if not faults:
        click.echo(f"证书（证卡）完好：共{Credential.select().count()}张。")
    if broken is not None or faults:
        sys.exit(1)


@click.group("flows")
def flows():
    """业务流程。"""


@flows.command("draw")
def draw():
    """以 Mermaid 画出全部流程（docs/flows.md 的内容）。"""
    click.echo(drawn_flows())


def drawn_flows() -> str:
    """All flows as one Markdown page of Mermaid diagrams."""
    parts = ["# The flows, drawn from the transition tables", ""]
    parts.append("Written by `./run flask flows draw > docs/flows.md`.")
    for flow in FLOWS.values():
        parts += ["", f"## {flow.name} — {flow.title}", "", "```mermaid", flow.draw(), "```"]
        parts += ["", "| state | what everybody reads |", "|---|---|"]
        parts += [f"| {state} | {label} |" for state, label in flow.labels.items()]
    return "\n".join(parts)


@click.group("documents")
def documents_group():
    """文书记录。"""


@documents_group.command("list")
@click.option("--last", default=20, help="显示最近多少条")
@needs_database
def list_documents(last: int):
    """列出最近生成的文书及其哈希。"""
    for row in DocumentLog.select().order_by(DocumentLog.id.desc()).limit(last):
        click.echo(f"{row.at:%Y-%m-%d %H:%M:%S}  {row.kind}  {row.subject}  {row.name}  {row.sha256[:16]}")
