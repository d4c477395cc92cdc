"""What happens to the study modules of a plan: seeding a new plan, adding, editing, ordering, removing."""

import re

from peewee import fn

from portal import clock
from portal.actions.events import record
from portal.actions.files import keep_file
from portal.database import transaction
from portal.models import Module, Plan, StudyTime
from portal.models.jurisdictions import profile_of
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.flows.plan import PlanState
from portal.rules.study import share_minutes
from portal.rules.workflow import Actor
from portal.storage import Kept

KIND_LABELS = {"text": "文字", "pdf": "PDF 文档", "video": "视频", "link": "外部链接"}
_LONGEST = 100_000  # characters of a text module
_LINK = re.compile(r"https?://[^\s<>\"']{1,290}")
# What a file of each kind must be; storage has looked at its content.
_MIMES = {"pdf": ("application/pdf",), "video": ("video/mp4", "video/webm")}


def modules_of(plan: Plan) -> list[Module]:
    """The modules in use, in the order in which they are studied."""
    rows = Module.select().where(Module.plan == plan.id, Module.removed_at.is_null())
    return list(rows.order_by(Module.position, Module.id))


def seed_modules(plan: Plan, *, copy_of: Plan | None = None) -> list[Module]:
    """The first modules of a new plan: those of the plan it is copied from, or one per content of the province's
    profile (R4.07, R4.08). Call it inside the transaction that creates the plan."""
    if copy_of is not None:
        rows = [
            {"title": row.title, "kind": row.kind, "minutes": row.minutes, "body": row.body, "url": row.url,
             "file": row.file_id}
            for row in modules_of(copy_of)
        ]  # fmt: skip
    else:
        training = profile_of(plan.province).training
        minutes = plan.minutes if plan.minutes is not None else (plan.class_hours or 0) * training.class_hour_minutes
        shares = share_minutes(minutes, len(plan.contents))
        kinds = {title: kind for title, kind in zip(training.contents, training.module_kinds, strict=True)}
        rows = [
            {"title": title, "kind": kinds.get(title, "text"), "minutes": share}
            for title, share in zip(plan.contents, shares, strict=True)
        ]
    for position, values in enumerate(rows, 1):
        Module.create(plan=plan, position=position, **values)
    return modules_of(plan)


def add_module(plan: Plan, *, values: dict, actor: Actor, kept: Kept | None = None) -> Module:
    """A new module after the others. `values`: title, kind, minutes, body, url; `kept` a stored file of a pdf or video.

    Raises NotAllowed unless the actor's office owns the plan, Invalid(field).
    """
    with transaction():
        plan = _own(plan, actor)
        values = _clean(values)
        last = Module.select(fn.MAX(Module.position)).where(Module.plan == plan.id).scalar() or 0
        module = Module.create(plan=plan.id, position=last + 1, **values)
        _keep(module, kept, actor)
        _note("add_module", "添加学习模块", plan, module, actor)
        return module


def edit_module(module: Module, *, values: dict, actor: Actor, kept: Kept | None = None) -> Module:
    """Change a module; a new file replaces the old one, which stays on record. What people have been credited stays
    credited, even when the module becomes shorter. Raises as add_module()."""
    with transaction():
        plan, module = _own(module.plan, actor), _in_use(module)
        values = _clean(values)
        kind_changed = values["kind"] != module.kind
        Module.update(**values, **({"file": None} if kind_changed else {})).where(Module.id == module.id).execute()
        module = Module.get_by_id(module.id)
        _keep(module, kept, actor)
        _note("edit_module", "修改学习模块", plan, module, actor)
        return module


def move_module(module: Module, *, step: int, actor: Actor) -> None:
    """One place up (step −1) or down (+1); the applicants' page follows at once (R4.10). At the end nothing happens."""
    with transaction():
        plan, module = _own(module.plan, actor), _in_use(module)
        order = modules_of(plan)
        place = [row.id for row in order].index(module.id)
        if not 0 <= place + step < len(order):
            return
        order[place], order[place + step] = order[place + step], order[place]
        for position, row in enumerate(order, 1):
            Module.update(position=position).where(Module.id == row.id).execute()
        _note("move_module", "调整学习模块顺序", plan, module, actor)


def remove_module(module: Module, *, actor: Actor) -> None:
    """Take a module out of the plan; the time already studied in it stays credited."""
    with transaction():
        plan, module = _own(module.plan, actor), _in_use(module)
        if StudyTime.select().where(StudyTime.module == module.id).exists():
            Module.update(removed_at=clock.now()).where(Module.id == module.id).execute()
        else:
            Module.delete().where(Module.id == module.id).execute()
        _note("remove_module", "撤下学习模块", plan, module, actor)


def what_is_missing(module: Module) -> str:
    """What the centre still has to give a module before it can be studied, '' when nothing."""
    if module.kind in _MIMES and module.file_id is None:
        return "还没有上传文件"
    if module.kind == "text" and not module.body.strip():
        return "还没有填写正文"
    if module.kind == "link" and not module.url:
        return "还没有填写网址"
    return ""


def find_empty(plan: Plan) -> list[str]:
    """What participants would find empty as the plan stands now, in sentences: no modules at all, or one without its
    material, which may still follow until the study starts."""
    rows = modules_of(plan)
    if not rows:
        return ["还没有学习模块"] if plan.minutes or plan.class_hours else []
    return [f"{row.title}：{missing}" for row in rows if (missing := what_is_missing(row))]


def _own(plan: Plan, actor: Actor) -> Plan:
    plan = Plan.get_by_id(plan.id)
    if actor.office is None or plan.office_id != actor.office or actor.seat != profile_of(plan.province).owners.plans:
        raise NotAllowed("只有发布计划的省级鉴定中心可以管理学习模块。")
    if plan.state in (PlanState.CANCELLED, PlanState.FINISHED):
        raise Stale("这个计划已经取消或办结，学习模块不能再修改。")
    return plan


def _in_use(module: Module) -> Module:
    module = Module.get_or_none(Module.id == module.id)
    if module is None or module.removed_at is not None:
        raise Stale("这个学习模块已被撤下，请刷新后查看。")
    return module


def _clean(values: dict) -> dict:
    title, kind, minutes = " ".join((values.get("title") or "").split()), values.get("kind"), values.get("minutes")
    body, url = (values.get("body") or "").strip(), (values.get("url") or "").strip()
    if not title:
        raise Invalid("title", "请填写模块名称。")
    if len(title) > 200:
        raise Invalid("title", "模块名称最多200个字，请精简。")
    if kind not in KIND_LABELS:
        raise Invalid("kind", "请选择模块类型。")
    if minutes is None or not 1 <= minutes <= 6000:
        raise Invalid("minutes", "请填写计入学习的时长，1至6000分钟。")
    if len(body) > _LONGEST:
        raise Invalid("body", f"正文最多{_LONGEST}个字，请拆成几个模块或改用 PDF 文档。")
    if kind == "link" and not url:
        raise Invalid("url", "请填写外部链接的网址。")
    if url and not _LINK.fullmatch(url):
        raise Invalid("url", "网址请以 http:// 或 https:// 开头，中间不能有空格。")
    return {"title": title, "kind": kind, "minutes": minutes, "body": body, "url": url}


def _keep(module: Module, kept: Kept | None, actor: Actor) -> None:
    """The file of a module, as a new version under its plan."""
    if kept is None:
        return
    if kept.mime not in _MIMES.get(module.kind, ()):
        named = "PDF 文件" if module.kind == "pdf" else "MP4 或 WebM 视频"
        raise Invalid("file", f"这个模块的类型是{KIND_LABELS[module.kind]}，请上传{named}，或改选类型。")
    version = keep_file(owner=f"plan:{module.plan_id}", slot=f"module:{module.id}", kept=kept, actor=actor)
    Module.update(file=version).where(Module.id == module.id).execute()
    module.file = version


def _note(action: str, label: str, plan: Plan, module: Module, actor: Actor) -> None:
    record(
        action, label, actor=actor, subject=f"plan:{plan.id}", note=f"{module.title}（{module.minutes}分钟）",
        data={"module": module.id, "kind": module.kind, "position": module.position},
    )  # fmt: skip
