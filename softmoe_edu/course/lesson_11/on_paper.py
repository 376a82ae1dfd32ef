"""What learners worked out on paper in section 6 of lesson 11, compared with the exact numbers."""

from fractions import Fraction

from softmoe_edu.course.lesson_05.on_paper import compared


def first_answer(typed: object) -> str:
    """Return whether these two numbers, such as "7/3, 7/3", are the answer to token 0 when it sees only itself."""
    token, powers, factors = (1, 0), (3, 1, 2), (4, 3, 3)  # every slot holds the token
    weight = Fraction(sum(power * factor for power, factor in zip(powers, factors, strict=True)), sum(powers))
    return compared(typed, [weight * number for number in token])
