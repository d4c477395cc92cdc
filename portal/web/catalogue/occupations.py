"""The catalogue of occupations: list, search, one entry, other names."""

from flask import request, url_for
from peewee import fn
from wtforms import BooleanField, SelectField

from portal.actions import catalogues
from portal.actions.catalogues import EDITIONS, FLAGS, print_levels
from portal.models import Occupation, OccupationAlias
from portal.rules.errors import Invalid
from portal.rules.typed_text import squeeze
from portal.web.forms import PortalForm, TextField, at_most, filled
from portal.web.guards import actor
from portal.web.pages import get_or_404, go, show
from portal.web.paging import take_page

CLASSES = {str(number): f"第{sign}大类" for number, sign in enumerate("一二三四五六七八", 1)}


class OccupationForm(PortalForm):
    """An occupation, or one of its 工种."""

    edition = SelectField("大典版本", choices=list(EDITIONS.items()))
    code = TextField("职业编码", [filled("请填写职业编码。"), at_most(20)])
    name = TextField("职业名称", [filled("请填写职业名称。"), at_most(120)])
    job = TextField("工种", [at_most(120)])
    levels = TextField("等级", [at_most(40)])
    active = BooleanField("使用中", default=True)
    barrier = BooleanField(FLAGS["barrier"])
    in_2015 = BooleanField(FLAGS["in_2015"])
    new = BooleanField(FLAGS["new"])
    has_standard = BooleanField(FLAGS["has_standard"])
    common = BooleanField(FLAGS["common"])


class AliasForm(PortalForm):
    """Another name of an occupation."""

    name = TextField("其他名称", [filled("请填写其他名称。"), at_most(120)])
    code = TextField("其他编码", [at_most(20)])
    same_as = TextField("对应的职业编码", [filled("请填写对应的职业编码。"), at_most(20)])


def occupations():
    """The catalogue, each 工种 a line of its own."""
    catalogues.check_maintainer(actor())
    asked = {key: request.args.get(key, "").strip() for key in ("edition", "klass", "words", "flag", "off")}
    query = Occupation.select().where(Occupation.active if not asked["off"] else ~Occupation.active)
    if asked["edition"]:
        query = query.where(Occupation.edition == asked["edition"])
    if asked["klass"]:
        query = query.where(Occupation.klass == asked["klass"])
    if asked["words"]:
        words = squeeze(asked["words"])
        query = query.where(
            Occupation.code.startswith(words) | Occupation.name.contains(words) | Occupation.job.contains(words)
        )
    if asked["flag"] in FLAGS:
        query = query.where(getattr(Occupation, asked["flag"]))
    listed = take_page(query, Occupation.code, Occupation.edition, Occupation.job)
    return show(
        "catalogue/occupations.html", pieces=("catalogue/_occupations.html",), listed=listed, asked=asked,
        classes=CLASSES, editions=EDITIONS, flags=FLAGS, total=query.count(),
        active=sum(bool(value) for value in asked.values()),
        print_levels=print_levels,
    )  # fmt: skip


def add_occupation():
    """A new entry."""
    return _edit(None, OccupationForm())


def edit_occupation(id: int):
    """One entry."""
    catalogues.check_maintainer(actor())
    occupation = get_or_404(Occupation.select().where(Occupation.id == id))
    form = OccupationForm(obj=occupation)
    if request.method == "GET":
        form.levels.data = print_levels(occupation.levels)
    return _edit(occupation, form)


def _edit(occupation: Occupation | None, form: OccupationForm):
    catalogues.check_maintainer(actor())
    if request.method == "POST" and form.validate():
        try:
            saved = catalogues.save_occupation(occupation, form.data, actor=actor())
            return go(url_for(".occupations", words=saved.code), f"已保存{saved.code} {saved.name}。")
        except Invalid as refusal:
            form.refuse(refusal)
    status = 422 if request.method == "POST" else 200
    return show("catalogue/occupation.html", status=status, form=form, occupation=occupation, flags=FLAGS)


def aliases():
    """Other names, and a form for one more."""
    catalogues.check_maintainer(actor())
    form = AliasForm()
    if request.method == "POST" and form.validate():
        try:
            catalogues.save_alias(form.name.data, form.same_as.data, code=form.code.data or "", actor=actor())
            return go(url_for(".aliases"), "已登记。")
        except Invalid as refusal:
            form.refuse(refusal)
    names = dict(
        Occupation.select(Occupation.code, fn.MAX(Occupation.name)).group_by(Occupation.code).tuples()
        .where(Occupation.code.in_(OccupationAlias.select(OccupationAlias.same_as)))
    )  # fmt: skip
    listed = take_page(OccupationAlias.select(), OccupationAlias.name, OccupationAlias.code)
    status = 422 if request.method == "POST" else 200
    return show("catalogue/aliases.html", status=status, form=form, listed=listed, names=names)


def remove_alias(id: int):
    """Forget another name."""
    alias = get_or_404(OccupationAlias.select().where(OccupationAlias.id == id))
    catalogues.remove_alias(alias, actor=actor())
    return go(url_for(".aliases"), "已删除。")


ROUTES = (
    ("/occupations", ["GET"], occupations),
    ("/occupations/add", ["GET", "POST"], add_occupation),
    ("/occupations/<int:id>", ["GET", "POST"], edit_occupation),
    ("/occupations/aliases", ["GET", "POST"], aliases),
    ("/occupations/aliases/<int:id>/remove", ["POST"], remove_alias),
)
