"""What happens to the question bank: adding, editing (a new row that replaces the old one), removing, importing."""

from collections.abc import Iterable, Mapping

from portal import clock
from portal.actions.events import record
from portal.actions.imports import Column, Fault, ImportKind, Record, at_most, one_of
from portal.database import transaction
from portal.models import Question
from portal.models.jurisdictions import profile_of, profiles
from portal.rules.errors import Invalid, NotAllowed, Stale
from portal.rules.exam import KIND_LABELS, LETTERS
from portal.rules.questions import KIND_WORDS, check_question, print_answer
from portal.rules.workflow import Actor, Seat

_STORED = ("kind", "text", "options", "answer", "grade", "topic", "explanation")


def save_question(question: Question | None, values: Mapping, *, actor: Actor) -> Question:
    """Add a question, or replace one: papers that hold the old row can still be shown (R5.10).

    `values`: kind, text, options (texts in the order of their letters), answer, grade ('' for both), topic,
    explanation. Raises Invalid beside the field, NotAllowed for other seats, Stale when it was replaced meanwhile.
    """
    province = check_keeper(actor)
    stored = _clean(values, province)
    with transaction():
        if question is not None:
            question = _in_use(question, province)
            if all(getattr(question, name) == stored[name] for name in _STORED):
                return question
        same = _same(province, stored)
        if same is not None and (question is None or same.id != question.id):
            raise Invalid("text", "题库中已有同样的题目，请直接修改那一题。")
        row = _put(province, stored, question, actor)
        record(
            "question", "修改试题" if question else "增加试题", actor=actor, subject=f"question:{row.id}",
            note=_print(row), data={"replaces": question.id} if question else {},
        )  # fmt: skip
        return row


def remove_question(question: Question, *, actor: Actor) -> None:
    """Take a question out of use; papers that hold it keep it."""
    province = check_keeper(actor)
    with transaction():
        question = _in_use(question, province)
        Question.update(removed_at=clock.now()).where(Question.id == question.id).execute()
        record("question", "删除试题", actor=actor, subject=f"question:{question.id}", note=_print(question))


def check_keeper(actor: Actor) -> str:
    """The province whose bank this actor keeps; raises NotAllowed for everybody but the provincial centre."""
    if actor.seat != Seat.PROVINCE_CENTRE or actor.province is None:
        raise NotAllowed("题库由省级鉴定中心管理。")
    return actor.province


def _clean(values: Mapping, province: str) -> dict:
    text, options, answer = check_question(
        values["kind"], values["text"], values.get("options") or [], values.get("answer") or ""
    )
    grade = values.get("grade") or ""
    try:
        if grade:
            profile_of(province).grade(grade)
    except ValueError:
        raise Invalid("grade", "请选择考评员、高级考评员或不限。") from None
    topic, explanation = (" ".join((values.get(name) or "").split()) for name in ("topic", "explanation"))
    if len(topic) > 120:
        raise Invalid("topic", "最多120个字，请精简。")
    if len(explanation) > 1000:
        raise Invalid("explanation", "最多1000个字，请精简。")
    return {"kind": values["kind"], "text": text, "options": options, "answer": answer, "grade": grade,
            "topic": topic, "explanation": explanation}  # fmt: skip


def _same(province: str, stored: Mapping) -> Question | None:
    """The question in use with this text for the same people."""
    return Question.get_or_none(
        Question.province == province, Question.kind == stored["kind"], Question.removed_at.is_null(),
        Question.text == stored["text"], Question.grade == stored["grade"], Question.topic == stored["topic"],
    )  # fmt: skip


def _in_use(question: Question, province: str) -> Question:
    question = Question.get_by_id(question.id)
    if question.province != province:
        raise NotAllowed("这道题不属于本省题库。")
    if question.removed_at is not None:
        raise Stale("这道题刚刚被修改或删除，请刷新后查看。")
    return question


def _put(province: str, stored: Mapping, replaced: Question | None, actor: Actor) -> Question:
    now = clock.now()
    if replaced is not None:
        Question.update(removed_at=now).where(Question.id == replaced.id).execute()
    return Question.create(province=province, replaces=replaced, created_at=now, created_by=actor.user, **stored)


def _print(question: Question) -> str:
    return f"{KIND_LABELS[question.kind]}：{question.text[:60]}（答案{print_answer(question.kind, question.answer)}）"


def _values_of(row: Record) -> dict:
    options = [row.values.get(f"option_{letter}", "") for letter in LETTERS]
    return {**row.values, "kind": row.values["kind"] or "", "options": options}


def _check_rows(rows: list[Record]) -> list[Fault]:
    """What only the row as a whole shows: the options of the kind, and an answer that is among them."""
    faults = []
    for row in rows:
        values = _values_of(row)
        try:
            check_question(values["kind"], values["text"], values["options"], values["answer"])
        except Invalid as refusal:
            faults.append(row.fault(refusal.field, refusal.message))
    return faults


def _store_rows(rows: Iterable[Record], actor: Actor) -> tuple[int, int]:
    """A row whose text is in the bank already corrects that question; one that is there as it is changes nothing."""
    province = check_keeper(actor)
    created = changed = 0
    in_use = Question.select().where(Question.province == province, Question.removed_at.is_null())
    bank = {(row.kind, row.text, row.grade, row.topic): row for row in in_use}
    for row in rows:
        stored = _clean(_values_of(row), province)
        same = bank.get((stored["kind"], stored["text"], stored["grade"], stored["topic"]))
        if same is None:
            _put(province, stored, None, actor)
            created += 1
        elif any(getattr(same, name) != stored[name] for name in _STORED):
            _put(province, stored, same, actor)
            changed += 1
    return created, changed


def _grade_words() -> dict[str, str]:
    """The provinces' words for the grades; they are the same in all profiles of one instance, or all are known."""
    words = {"不限": "", "通用": ""}
    for profile in profiles().values():
        words |= {profile.grade(key).name: key for key in ("examiner", "senior")}
    return words


def _read_grade(text: str) -> str:
    return one_of(_grade_words(), "适用等级")(text)


QUESTIONS = ImportKind(
    "questions", "试题",
    (
        Column("kind", ("题型", "类型", "试题类型"), True, one_of(KIND_WORDS, "题型"), "单选题"),
        Column("text", ("题干", "题目", "试题内容", "内容"), True, at_most(1000), "考评人员的资格证卡有效期为几年"),
        *(Column(f"option_{letter}", (f"选项{letter}", letter), False, at_most(300), example)
          for letter, example in zip(LETTERS, ("一年", "二年", "三年", "四年", "", "", "", ""), strict=True)),
        Column("answer", ("答案", "正确答案", "标准答案"), True, at_most(40), "C"),
        Column("grade", ("适用等级", "等级"), False, _read_grade, "高级考评员"),
        Column("topic", ("学习内容", "知识点", "模块"), False, at_most(120), ""),
        Column("explanation", ("解析", "答案解析"), False, at_most(1000), ""),
    ),
    ("kind", "text", "grade", "topic"), _check_rows, _store_rows, frozenset({Seat.PROVINCE_CENTRE}),
    notes=(
        "题型填单选题、多选题或判断题；判断题不填选项，答案填正确或错误；多选题答案填全部正确选项的字母，如A、B、D。",
        "适用等级不填为不限；学习内容填计划的培训内容或学习模块名称，不填为通用。",
        "题干相同的题目按表格更新，已经生成的试卷不受影响。",
    ),
)  # fmt: skip
