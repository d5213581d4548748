/* RCM-1 in plain C: arrays, one loop per kind of agent, a branch per decision, a chain of residents per cell.
 * It is what one writes first: sensible, single-threaded, nothing rearranged for the processor.
 * Prints: CPU seconds of the ticks, number of events, hash of the events. */
#include "rcm1.h"

static int32_t neighbour(int32_t cell, int direction, int32_t width, int32_t height) {
    int32_t x = cell % width, y = cell / width;
    switch (direction) {
    case 0: x = x + 1 == width ? 0 : x + 1; break;
    case 1: x = x == 0 ? width - 1 : x - 1; break;
    case 2: y = y + 1 == height ? 0 : y + 1; break;
    default: y = y == 0 ? height - 1 : y - 1;
    }
    return y * width + x;
}

int main(int argc, char **argv) {
    const settings s = read_settings(argc, argv);
    const int32_t w = s.width, h = s.height;
    float *fixed = memory(4 * s.cells), *b = memory(4 * s.cells), *next_b = memory(4 * s.cells);
    float *a = memory(4 * s.cells);
    char *guarded = memory(s.cells);
    int32_t *home = memory(4 * s.residents), *work = memory(4 * s.residents), *at = memory(4 * s.residents);
    int32_t *first = memory(4 * s.cells), *follower = memory(4 * s.residents);
    int32_t *den = memory(4 * s.offenders), *offender = memory(4 * s.offenders), *guardian = memory(4 * s.guardians);
    event_log log = {0};
    for (int64_t c = 0; c < s.cells; c++) a[c] = fixed[c] = static_attractiveness(c);
    for (int64_t i = 0; i < s.residents; i++) {
        at[i] = home[i] = (int32_t)below(draw(stream_key(s.seed, 0, HOME), i), s.cells);
        work[i] = (int32_t)below(draw(stream_key(s.seed, 0, WORK), i), s.cells);
    }
    for (int64_t i = 0; i < s.offenders; i++)
        offender[i] = den[i] = (int32_t)below(draw(stream_key(s.seed, 0, OFFENDER_HOME), i), s.cells);
    for (int64_t i = 0; i < s.guardians; i++)
        guardian[i] = (int32_t)below(draw(stream_key(s.seed, 0, GUARDIAN_START), i), s.cells);

    const double began = cpu_seconds();
    for (int32_t t = 1; t <= s.ticks; t++) {
        const uint64_t k_resident = stream_key(s.seed, t, RESIDENT), k_guardian = stream_key(s.seed, t, GUARDIAN);
        const uint64_t k_offender = stream_key(s.seed, t, OFFENDER), k_victim = stream_key(s.seed, t, VICTIM);
        const int64_t before = log.n;

        for (int64_t c = 0; c < s.cells; c++) first[c] = -1;
        for (int64_t i = 0; i < s.residents; i++) {
            const uint64_t z = draw(k_resident, i);
            const uint32_t u = (uint32_t)(z >> 32);
            if (u < P_HOME) at[i] = home[i];
            else if (u < P_WORK) at[i] = work[i];
            else at[i] = neighbour(at[i], z & 3, w, h);
            follower[i] = first[at[i]];
            first[at[i]] = (int32_t)i;
        }

        memset(guarded, 0, s.cells);
        for (int64_t i = 0; i < s.guardians; i++) {
            const uint64_t z = draw(k_guardian, i);
            int direction = 0;
            if (z >> 63) direction = z & 3;
            else
                for (int d = 1; d < 4; d++)
                    if (a[neighbour(guardian[i], d, w, h)] > a[neighbour(guardian[i], direction, w, h)]) direction = d;
            guardian[i] = neighbour(guardian[i], direction, w, h);
            for (int dy = -2; dy <= 2; dy++)
                for (int dx = -2; dx <= 2; dx++)
                    guarded[(guardian[i] / w + dy + h) % h * w + (guardian[i] % w + dx + w) % w] = 1;
        }

        for (int64_t i = 0; i < s.offenders; i++) {
            const uint64_t z = draw(k_offender, i);
            int32_t to[4];
            for (int d = 0; d < 4; d++) to[d] = neighbour(offender[i], d, w, h);
            const float c0 = a[to[0]], c1 = c0 + a[to[1]], c2 = c1 + a[to[2]], sum = c2 + a[to[3]];
            const float u = (float)(z >> 40) * 0x1p-24f * sum;
            const int32_t c = offender[i] = to[u < c0 ? 0 : u < c1 ? 1 : u < c2 ? 2 : 3];
            if (guarded[c] || first[c] < 0) continue;
            if ((double)(z & 0xFFFFFF) * 0x1p-24 >= 1.0 - exp(-(double)a[c])) continue;
            int64_t present = 0;
            for (int32_t j = first[c]; j >= 0; j = follower[j]) present++;
            /* the chain runs from the last to the first */
            int64_t skip = present - 1 - below(draw(k_victim, i), present);
            int32_t victim = first[c];
            while (skip--) victim = follower[victim];
            append(&log, (event){t, (int32_t)i, victim, c});
            offender[i] = den[i];
        }

        for (int32_t y = 0; y < h; y++) {
            const float *here = b + y * w, *south = b + (y + 1 == h ? 0 : y + 1) * w;
            const float *north = b + (y ? y - 1 : h - 1) * w;
            for (int32_t x = 0; x < w; x++) {
                const int32_t east = x + 1 == w ? 0 : x + 1, west = x ? x - 1 : w - 1;
                const float around = ((here[east] + here[west]) + south[x]) + north[x];
                next_b[y * w + x] = (KEEP * here[x] + SPREAD * around) * DECAY;
            }
        }
        for (int64_t e = before; e < log.n; e++) next_b[log.at[e].cell] += THETA;
        float *swap = b;
        b = next_b;
        next_b = swap;
        for (int64_t c = 0; c < s.cells; c++) a[c] = fixed[c] + b[c];
    }
    report(cpu_seconds() - began, &log);
    return 0;
}
