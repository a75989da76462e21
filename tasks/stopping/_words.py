"""Numbers of a verdict, written so that the sentence is true of what it shows."""


def apart(a: float, b: float) -> tuple[str, str]:
    """Write two numbers with as few digits, but at least 3, as show which is the larger."""
    for digits in range(3, 17):
        texts = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def money(amount: float) -> str:
    """Write an amount without the dust of binary fractions."""
    return f"{amount:.10g}"
