/* RCM-1 in C tuned for the processor: the twin that the Numba kernels are measured against.
 * The same ideas as in sim/replications/rcm1_kernels.py (select without branches, demand-driven search, packed
 * positions, one pass over the field), with what C adds: pointers that are promised not to overlap.
 * Prints: CPU seconds of the ticks, number of events, hash of the events. */
#include "rcm1.h"

enum { BLOCK = 1024 };

static inline uint32_t pack(int64_t c, int32_t w) { return (uint32_t)(c / w) << 16 | (uint32_t)(c % w); }
static inline uint32_t cell_of(uint32_t p, uint32_t w) { return (p >> 16) * w + (p & 0xFFFF); }

static inline uint32_t stepped(uint32_t p, uint32_t code, uint32_t w, uint32_t h) {
    const uint32_t sign = 1u - ((code & 1u) << 1), across = ((code >> 1) & 1u) - 1u;
    uint32_t x = (p & 0xFFFF) + (sign & across), y = (p >> 16) + (sign & ~across);
    x = x > w ? w - 1 : x;
    x = x == w ? 0 : x;
    y = y > h ? h - 1 : y;
    y = y == h ? 0 : y;
    return y << 16 | x;
}

typedef struct {
    float east[BLOCK], west[BLOCK], south[BLOCK], north[BLOCK], chosen[BLOCK];
    uint32_t cell[BLOCK];
    union {
        uint8_t one[BLOCK];
        uint64_t eight[BLOCK / 8];
    } flag;
} scratch;

static void look_around(uint32_t w, uint32_t h, const float *restrict fixed, const float *restrict b,
                        const uint32_t *restrict at, int m, scratch *restrict k) {
    for (int j = 0; j < m; j++) {
        const uint32_t x = at[j] & 0xFFFF, y = at[j] >> 16, row = y * w;
        const uint32_t e = row + (x == w - 1 ? 0 : x + 1), v = row + (x == 0 ? w : x) - 1;
        const uint32_t s = (y == h - 1 ? 0 : row + w) + x, n = (y == 0 ? h * w : row) - w + x;
        k->east[j] = fixed[e] + b[e];
        k->west[j] = fixed[v] + b[v];
        k->south[j] = fixed[s] + b[s];
        k->north[j] = fixed[n] + b[n];
    }
}

static void walk_guardians(uint64_t base, uint32_t w, uint32_t h, uint32_t *restrict at, int m,
                           const scratch *restrict k) {
    for (int j = 0; j < m; j++) {
        const uint64_t z = mix64(base + (uint64_t)j * GOLDEN);
        float best = k->east[j];
        uint32_t code = 0;
        code = k->west[j] > best ? 1 : code;
        best = k->west[j] > best ? k->west[j] : best;
        code = k->south[j] > best ? 2 : code;
        best = k->south[j] > best ? k->south[j] : best;
        code = k->north[j] > best ? 3 : code;
        code = (int64_t)z < 0 ? (uint32_t)z : code;
        at[j] = stepped(at[j], code, w, h);
    }
}

static void walk_offenders(uint64_t base, uint32_t w, uint32_t h, uint32_t *restrict at, int m, scratch *restrict k) {
    for (int j = 0; j < m; j++) {
        const uint64_t z = mix64(base + (uint64_t)j * GOLDEN);
        const float e = k->east[j], v = k->west[j], s = k->south[j], n = k->north[j];
        const float c1 = e + v, c2 = c1 + s, u = (float)(int32_t)(z >> 40) * 0x1p-24f * (c2 + n);
        const uint32_t code = (uint32_t)(u >= e) + (uint32_t)(u >= c1) + (uint32_t)(u >= c2);
        float a = u >= e ? v : e;
        a = u >= c1 ? s : a;
        a = u >= c2 ? n : a;
        const uint32_t p = at[j] = stepped(at[j], code, w, h);
        k->cell[j] = cell_of(p, w);
        k->chosen[j] = a;
        k->flag.one[j] = (float)((int32_t)z & 0xFFFFFF) * 0x1p-24f < a; /* 1 - exp(-A) is below A */
    }
}

static void place_residents(uint64_t base, uint32_t w, uint32_t h, const uint32_t *restrict home,
                            const uint32_t *restrict work, uint32_t *restrict at, int m, uint32_t *restrict cell) {
    for (int j = 0; j < m; j++) {
        const uint64_t z = mix64(base + (uint64_t)j * GOLDEN);
        const uint32_t u = (uint32_t)(z >> 32), at_home = home[j], at_work = work[j];
        uint32_t p = stepped(at[j], (uint32_t)z, w, h);
        p = u < P_WORK ? at_work : p;
        p = u < P_HOME ? at_home : p;
        at[j] = p;
        cell[j] = cell_of(p, w);
    }
}

static int64_t find(const uint32_t *restrict wanted, int64_t first, int m, scratch *restrict k,
                    int32_t *restrict hit_who, uint32_t *restrict hit_cell, int64_t n) {
    for (int j = 0; j < m; j++) k->flag.one[j] = wanted[k->cell[j] >> 5] >> (k->cell[j] & 31) & 1;
    for (int e = 0; e < (m + 7) / 8; e++) {
        if (!k->flag.eight[e]) continue;
        for (int j = 8 * e; j < 8 * e + 8 && j < m; j++) {
            hit_who[n] = (int32_t)first + j;
            hit_cell[n] = k->cell[j];
            n += k->flag.one[j];
        }
    }
    return n;
}

static int guarded(int32_t c, int32_t w, int32_t h, const uint8_t *standing) {
    const int32_t x = c % w, y = c / w;
    for (int dy = -2; dy <= 2; dy++) {
        int32_t row = y + dy;
        row = (row < 0 ? row + h : row >= h ? row - h : row) * w;
        for (int dx = -2; dx <= 2; dx++) {
            const int32_t k = x + dx;
            if (standing[row + (k < 0 ? k + w : k >= w ? k - w : k)]) return 1;
        }
    }
    return 0;
}

static inline float decayed(float here, float east, float west, float south, float north) {
    return (KEEP * here + SPREAD * (((east + west) + south) + north)) * DECAY;
}

static void diffuse_flat(float *restrict out, const float *restrict here, const float *restrict south,
                         const float *restrict north, int64_t n) {
    for (int64_t j = 0; j < n; j++) out[j] = decayed(here[j], here[j + 1], here[j - 1], south[j], north[j]);
}

static void diffuse(const float *restrict old, float *restrict new, int64_t w, int64_t h) {
    diffuse_flat(new + w, old + w, old + 2 * w, old, (h - 2) * w);
    const int64_t e = w - 1, n = (h - 1) * w;
    diffuse_flat(new + 1, old + 1, old + w + 1, old + n + 1, w - 2);
    diffuse_flat(new + n + 1, old + n + 1, old + 1, old + n - w + 1, w - 2);
    for (int64_t y = 0; y < h; y++) {
        const float *r = old + y * w, *s = old + (y == h - 1 ? 0 : y + 1) * w, *t = old + (y ? y - 1 : h - 1) * w;
        new[y * w] = decayed(r[0], r[1], r[e], s[0], t[0]);
        new[y * w + e] = decayed(r[e], r[0], r[e - 1], s[e], t[e]);
    }
}

int main(int argc, char **argv) {
    const settings s = read_settings(argc, argv);
    const int32_t w = s.width, h = s.height;
    float *fixed = memory(4 * s.cells), *old = memory(4 * s.cells), *new = memory(4 * s.cells);
    uint8_t *standing = memory(s.cells);
    uint32_t *wanted = memory(s.cells / 8 + 4);
    int32_t *slot = memory(4 * s.cells);
    uint32_t *home = memory(4 * s.residents), *work = memory(4 * s.residents), *at = memory(4 * s.residents);
    uint32_t *den = memory(4 * s.offenders), *offender = memory(4 * s.offenders), *guardian = memory(4 * s.guardians);
    int32_t *proposer = memory(4 * s.offenders + 4), *proposed = memory(4 * s.offenders + 4);
    int32_t *count = memory(4 * s.offenders + 4), *start = memory(4 * s.offenders + 4);
    int32_t *hit_who = memory(4 * s.residents + 4), *members = memory(4 * s.residents + 4);
    uint32_t *hit_cell = memory(4 * s.residents + 4);
    scratch *k = memory(sizeof(scratch));
    event_log log = {0};
    for (int64_t c = 0; c < s.cells; c++) fixed[c] = static_attractiveness(c);
    for (int64_t i = 0; i < s.residents; i++) {
        at[i] = home[i] = pack(below(draw(stream_key(s.seed, 0, HOME), i), s.cells), w);
        work[i] = pack(below(draw(stream_key(s.seed, 0, WORK), i), s.cells), w);
    }
    for (int64_t i = 0; i < s.offenders; i++)
        offender[i] = den[i] = pack(below(draw(stream_key(s.seed, 0, OFFENDER_HOME), i), s.cells), w);
    for (int64_t i = 0; i < s.guardians; i++)
        guardian[i] = pack(below(draw(stream_key(s.seed, 0, GUARDIAN_START), i), s.cells), w);

    const double began = cpu_seconds();
    for (int32_t t = 1; t <= s.ticks; t++) {
        const uint64_t k_resident = stream_key(s.seed, t, RESIDENT), k_guardian = stream_key(s.seed, t, GUARDIAN);
        const uint64_t k_offender = stream_key(s.seed, t, OFFENDER), k_victim = stream_key(s.seed, t, VICTIM);

        for (int64_t f = 0; f < s.guardians; f += BLOCK) {
            const int m = s.guardians - f < BLOCK ? (int)(s.guardians - f) : BLOCK;
            look_around(w, h, fixed, old, guardian + f, m, k);
            walk_guardians(k_guardian + (uint64_t)(f + 1) * GOLDEN, w, h, guardian + f, m, k);
        }
        for (int64_t i = 0; i < s.guardians; i++) standing[cell_of(guardian[i], w)] = 1;

        int64_t n = 0, slots = 0, hits = 0;
        for (int64_t f = 0; f < s.offenders; f += BLOCK) {
            const int m = s.offenders - f < BLOCK ? (int)(s.offenders - f) : BLOCK;
            look_around(w, h, fixed, old, offender + f, m, k);
            walk_offenders(k_offender + (uint64_t)(f + 1) * GOLDEN, w, h, offender + f, m, k);
            int64_t high = n;
            for (int j = 0; j < m; j++) {
                proposer[high] = j;
                high += k->flag.one[j];
            }
            for (int64_t q = n; q < high; q++) {
                const int32_t j = proposer[q];
                const uint32_t c = k->cell[j];
                const double u = (double)(draw(k_offender, f + j) & 0xFFFFFF) * 0x1p-24;
                if (u >= 1.0 - exp(-(double)k->chosen[j]) || guarded((int32_t)c, w, h, standing)) continue;
                proposer[n] = (int32_t)f + j;
                proposed[n++] = (int32_t)c;
                if (!(wanted[c >> 5] >> (c & 31) & 1)) {
                    wanted[c >> 5] |= 1u << (c & 31);
                    slot[c] = (int32_t)slots;
                    count[slots++] = 0;
                }
            }
        }
        for (int64_t i = 0; i < s.guardians; i++) standing[cell_of(guardian[i], w)] = 0;

        for (int64_t f = 0; f < s.residents; f += BLOCK) {
            const int m = s.residents - f < BLOCK ? (int)(s.residents - f) : BLOCK;
            place_residents(k_resident + (uint64_t)(f + 1) * GOLDEN, w, h, home + f, work + f, at + f, m, k->cell);
            hits = find(wanted, f, m, k, hit_who, hit_cell, hits);
        }
        for (int64_t q = 0; q < hits; q++) count[slot[hit_cell[q]]]++;
        int32_t total = 0;
        for (int64_t q = 0; q < slots; q++) {
            start[q] = total;
            total += count[q];
            count[q] = 0;
        }
        for (int64_t q = 0; q < hits; q++) {
            const int32_t g = slot[hit_cell[q]];
            members[start[g] + count[g]++] = hit_who[q];
        }

        diffuse(old, new, w, h);
        for (int64_t q = 0; q < n; q++) {
            const int32_t c = proposed[q], i = proposer[q], g = slot[c];
            wanted[c >> 5] = 0;
            if (!count[g]) continue;
            append(&log, (event){t, i, members[start[g] + below(draw(k_victim, i), count[g])], c});
            offender[i] = den[i];
            new[c] += THETA;
        }
        float *swap = old;
        old = new;
        new = swap;
    }
    report(cpu_seconds() - began, &log);
    return 0;
}
