/* What both C versions of RCM-1 share: draws, set-up, the log of events and its hash, the clock. */
#ifndef RCM1_H
#define RCM1_H
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GOLDEN 0x9E3779B97F4A7C15ULL
#define P_HOME 1932735283u /* floor(0.45 * 2^32) */
#define P_WORK 3435973836u /* floor(0.80 * 2^32) */
enum { RESIDENT = 1, GUARDIAN, OFFENDER, VICTIM, HOME, WORK, OFFENDER_HOME, GUARDIAN_START };

static const float KEEP = 0.8f, SPREAD = 0.05f, DECAY = 0.9f, THETA = 0.6f;

static inline uint64_t mix64(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

static inline uint64_t stream_key(uint64_t seed, uint64_t tick, uint64_t stream) {
    return mix64(seed * GOLDEN ^ mix64(tick * 0xD1B54A32D192ED03ULL + stream * 0x8CB92BA72F3D8DD7ULL));
}

static inline uint64_t draw(uint64_t key, uint64_t i) { return mix64(key + (i + 1) * GOLDEN); }

static inline int64_t below(uint64_t z, uint64_t n) { return (int64_t)((z >> 32) * n >> 32); }

static inline double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *memory(size_t bytes) { /* zeroed, aligned to a cache line, padded so that whole vectors may be read */
    bytes = (bytes + 127) & ~(size_t)63;
    void *p = aligned_alloc(64, bytes);
    if (!p) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memset(p, 0, bytes);
}

static inline float static_attractiveness(int64_t c) {
    double u = (double)(mix64((uint64_t)(c + 1) * GOLDEN) >> 11) * 0x1p-53;
    return (float)(0.01 + 0.09 * ((u * u) * (u * u)));
}

typedef struct {
    int32_t tick, offender, victim, cell;
} event;

typedef struct {
    event *at;
    int64_t n, room;
} event_log;

static inline void append(event_log *log, event e) {
    if (log->n == log->room) {
        log->room = log->room ? 2 * log->room : 4096;
        log->at = realloc(log->at, (size_t)log->room * sizeof(event));
    }
    log->at[log->n++] = e;
}

typedef struct {
    int32_t width, height, ticks;
    int64_t cells, residents, offenders, guardians;
    uint64_t seed;
} settings;

static settings read_settings(int argc, char **argv) {
    settings s;
    if (argc != 6) {
        fprintf(stderr, "usage: %s width height agents ticks seed\n", argv[0]);
        exit(2);
    }
    s.width = atoi(argv[1]);
    s.height = atoi(argv[2]);
    int64_t agents = atoll(argv[3]);
    s.ticks = atoi(argv[4]);
    s.seed = strtoull(argv[5], 0, 10);
    s.cells = (int64_t)s.width * s.height;
    s.guardians = agents / 200 > 1 ? agents / 200 : 1;
    s.offenders = agents / 50 > 1 ? agents / 50 : 1;
    s.residents = agents - s.offenders - s.guardians;
    return s;
}

static void report(double seconds, const event_log *log) {
    uint64_t h = 0;
    for (int64_t e = 0; e < log->n; e++) {
        const int32_t v[4] = {log->at[e].tick, log->at[e].offender, log->at[e].victim, log->at[e].cell};
        for (int k = 0; k < 4; k++) h = mix64(h ^ ((uint64_t)v[k] + GOLDEN));
    }
    printf("%.6f %lld %016llx\n", seconds, (long long)log->n, (unsigned long long)h);
}
#endif
