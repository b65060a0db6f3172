"""Answers a consultation without end, printing each receipt once its answer is on disk.

python -m tests.operations.fill COUNT     COUNT answers (0: until killed)
"""

import sys

import django


def main(count: int) -> None:
    """Open the consultation where it is not, then answer."""
    django.setup()
    from parvis.consult.models import Consultation
    from tests.factories import make_answer, make_consultation, survey_of

    consultation = Consultation.objects.first() or make_consultation()
    survey = survey_of(consultation)
    n = 0
    while not count or n < count:
        n += 1
        receipt = make_answer(survey, {"first": "data", "why": f"Réponse {n}."})
        sys.stdout.write(f"{receipt.code}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
