"""What does the database refuse about people, whoever asks?"""

from alarp.records.guards import never_deleted

GUARDS = (
    never_deleted("people_roleholding", "A period in a role"),
    never_deleted("people_interest", "A declared interest"),
)
