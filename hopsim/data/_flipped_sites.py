"""Random sites in given numbers, compiled for a CPU. See `patterns.examples`."""

from typing import no_type_check

from .._common.compiled import compiled


@compiled()
@no_type_check
def flip_sites(rows, pattern, aligned, coins, generator):
    """Fill each row with `pattern`, reversed at all but `aligned` of its sites.

    Fair coins first choose about as many sites as are wanted; then single random sites
    are added or removed until the number is exact. All choices are equally likely, at
    about sqrt(N) random numbers for each row.
    """
    features = len(pattern)
    for row in range(len(rows)):
        s, wanted = rows[row], aligned[row]
        # no coins if nearly all sites agree or nearly none: too far from one half
        fair = 4 * wanted > features and 4 * wanted < 3 * features
        sure = wanted >= features // 2
        chosen = 0
        for i in range(features):
            on = (coins[row, i >> 3] >> (i & 7)) & 1 == 1 if fair else sure
            s[i] = pattern[i] if on else -pattern[i]
            chosen += on
        while chosen != wanted:
            i = generator.integers(0, features)
            on = s[i] == pattern[i]
            if on == (chosen > wanted):
                s[i] = -s[i]
                chosen += -1 if on else 1
