"""The portal's tables as Django sees them (unmanaged): the columns that the list shows or filters by."""

from django.db import models


class Table(models.Model):
    class Meta:
        abstract = True
        managed = False


class Region(Table):
    name = models.CharField(max_length=60)

    class Meta(Table.Meta):
        db_table = "region"


class Organisation(Table):
    name = models.CharField(max_length=200)
    region = models.ForeignKey(Region, models.RESTRICT, null=True)

    class Meta(Table.Meta):
        db_table = "organisation"


class Plan(Table):
    name = models.CharField(max_length=200)

    class Meta(Table.Meta):
        db_table = "plan"

    def __str__(self):
        return self.name


class Occupation(Table):
    name = models.CharField(max_length=120)
    job = models.CharField(max_length=120)

    class Meta(Table.Meta):
        db_table = "occupation"


class Account(Table):
    name = models.CharField(max_length=60)

    class Meta(Table.Meta):
        db_table = "user"


class Case(Table):
    state = models.CharField(max_length=20)
    version = models.IntegerField()
    office_id = models.IntegerField()
    organisation = models.ForeignKey(Organisation, models.RESTRICT)
    plan = models.ForeignKey(Plan, models.RESTRICT)
    number = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    due_on = models.DateField()
    arrived_at = models.DateTimeField()
    claimed_by = models.ForeignKey(Account, models.SET_NULL, null=True)
    claimed_until = models.DateTimeField(null=True)

    class Meta(Table.Meta):
        db_table = "case"


class Registration(Table):
    case = models.OneToOneField(Case, models.CASCADE, primary_key=True)
    occupation = models.ForeignKey(Occupation, models.RESTRICT)

    class Meta(Table.Meta):
        db_table = "registration"
