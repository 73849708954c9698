#include "CSystem.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>

// The bits are in reverse order, so a product is one bit short: the exponents of the constants are one less.
// The first of two 64-bit halves has the higher powers.
#define FOLD_128 _mm_set_epi64x(0xf500000000000001, 0x6b70000000000001)
#define FOLD_512 _mm_set_epi64x(0xb100010100000001, 0x01b001b1b0000001)

__attribute__((target("pclmul,sse4.1"))) static inline __m128i
fold(__m128i sum, __m128i next, __m128i constants)
{
    __m128i low = _mm_clmulepi64_si128(sum, constants, 0x00);
    __m128i high = _mm_clmulepi64_si128(sum, constants, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul,sse4.1"))) static void
fold_all(const uint8_t *bytes, size_t count, uint64_t crc, uint8_t folded[16])
{
    __m128i sums[4];
    for (int i = 0; i < 4; i++)
        sums[i] = _mm_loadu_si128((const __m128i *)(bytes + 16 * i));
    sums[0] = _mm_xor_si128(sums[0], _mm_cvtsi64_si128((long long)crc));
    for (size_t offset = 64; offset < count; offset += 64)
        for (int i = 0; i < 4; i++) {
            __m128i next = _mm_loadu_si128((const __m128i *)(bytes + offset + 16 * i));
            sums[i] = fold(sums[i], next, FOLD_512);
        }
    __m128i sum = sums[0];
    for (int i = 1; i < 4; i++)
        sum = fold(sum, sums[i], FOLD_128);
    _mm_storeu_si128((__m128i *)folded, sum);
}

static int has_instruction(void)
{
    // Under a hypervisor, this instruction takes longer than the sum of a small file.
    static atomic_int known;
    int answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (answer == 0) {
        unsigned int a, b, c, d;
        answer = __get_cpuid(1, &a, &b, &c, &d) && c & bit_PCLMUL && c & bit_SSE4_1 ? 1 : -1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer > 0;
}

int system_crc64_fold(const void *bytes, size_t count, uint64_t crc, uint8_t folded[16])
{
    if (count < 64 || count % 64 != 0 || !has_instruction())
        return 0;
    fold_all(bytes, count, crc, folded);
    return 1;
}
#else
int system_crc64_fold(const void *bytes, size_t count, uint64_t crc, uint8_t folded[16])
{
    (void)bytes, (void)count, (void)crc, (void)folded;
    return 0;
}
#endif
