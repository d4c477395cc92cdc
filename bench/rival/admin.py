"""The tuned change list: the portal's queue as an admin page, with everything Django offers to make it fast."""

from datetime import date, timedelta

from django.contrib import admin
from django.core.paginator import Paginator
from django.utils.functional import cached_property
from rival.models import Case, Plan

OFFICE = 1  # the provincial centre, which the seed makes first


class NoCount(Paginator):
    """Never counts: the cost of count(*) is not what is measured."""

    @cached_property
    def count(self):
        return 10_000_000


class PlanFilter(admin.SimpleListFilter):
    title, parameter_name = "plan", "plan"

    def lookups(self, request, model_admin):
        return Plan.objects.order_by("-id").values_list("id", "name")[:60]

    def queryset(self, request, queryset):
        return queryset.filter(plan=self.value()) if self.value() else queryset


class DueFilter(admin.SimpleListFilter):
    title, parameter_name = "due", "due"

    def lookups(self, request, model_admin):
        return ("late", "late"), ("today", "today"), ("soon", "soon"), ("later", "later")

    def queryset(self, request, queryset):
        today = date.today()
        soon = today + timedelta(days=3)
        wanted = {"late": {"due_on__lt": today}, "today": {"due_on": today}, "later": {"due_on__gt": soon}}
        wanted["soon"] = {"due_on__gt": today, "due_on__lte": soon}
        return queryset.filter(**wanted[self.value()]) if self.value() else queryset


class ClaimFilter(admin.SimpleListFilter):
    title, parameter_name = "claimed", "claimed"

    def lookups(self, request, model_admin):
        return ("free", "free"), ("claimed", "claimed")

    def queryset(self, request, queryset):
        return queryset.filter(claimed_by__isnull=self.value() == "free") if self.value() else queryset


@admin.register(Case)
class CaseAdmin(admin.ModelAdmin):
    list_display = ("title", "occupation", "unit", "plan", "arrived_at", "due_on", "claimer")
    list_filter = (PlanFilter, DueFilter, ClaimFilter)
    search_fields = ("title",)
    # One query with joins, only the columns shown, in the order of the index (office, state, due_on, id).
    list_select_related = ("plan", "organisation", "claimed_by", "registration__occupation")
    ordering = ("due_on", "id")
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = NoCount
    sortable_by = ()

    def get_queryset(self, request):
        shown = (
            "title", "arrived_at", "due_on", "claimed_until", "plan__name", "organisation__name", "claimed_by__name",
            "registration__occupation__name", "registration__occupation__job",
        )  # fmt: skip
        return super().get_queryset(request).filter(office_id=OFFICE, state="under_review").only(*shown)

    def occupation(self, case):
        return case.registration.occupation.name

    def unit(self, case):
        return case.organisation.name

    def claimer(self, case):
        return case.claimed_by.name if case.claimed_by else ""
