#include "CChecksum.h"

#include <string.h>

// CRC-32C. The portable path is the slicing-by-8 table method (Kounavis and Berry, 2005); the
// hardware path uses the CRC32 instruction of SSE4.2 or ARMv8, chosen once at run time.
//
// The instruction takes three cycles and a new one can start each cycle, so three neighbouring
// blocks are summed side by side. The sum of the first is then carried over the bytes of the
// others by multiplying it with x^(8 * bytes) modulo the polynomial (as in zlib's crc32_combine),
// with the products tabled for two block lengths.

#define POLYNOMIAL 0x82F63B78u
#define LONG_BLOCK 4096
#define SHORT_BLOCK 256

static uint32_t table[8][256];
static uint32_t long_shift[4][256];
static uint32_t short_shift[4][256];

// Product of two polynomials modulo POLYNOMIAL; the highest bit is the coefficient of x^0.
static uint32_t multiply(uint32_t left, uint32_t right) {
    uint32_t product = 0;
    for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
        if (left & bit) {
            product ^= right;
        }
        right = (right >> 1) ^ ((right & 1) ? POLYNOMIAL : 0);
    }
    return product;
}

// Products of each value of each byte of a sum with x^(8 * length).
static void build_shift(uint32_t shift[4][256], size_t length) {
    uint32_t power = 0x80000000u;
    uint32_t square = 0x00800000u; // x^8
    for (; length > 0; length >>= 1) {
        if (length & 1) {
            power = multiply(power, square);
        }
        square = multiply(square, square);
    }
    for (int byte = 0; byte < 4; byte++) {
        shift[byte][0] = 0;
        for (int bit = 0; bit < 8; bit++) {
            uint32_t product = multiply(power, (uint32_t)1 << (8 * byte + bit));
            for (int index = 0; index < 1 << bit; index++) {
                shift[byte][index | 1 << bit] = shift[byte][index] ^ product;
            }
        }
    }
}

__attribute__((constructor)) static void build_tables(void) {
    build_shift(long_shift, LONG_BLOCK);
    build_shift(short_shift, SHORT_BLOCK);
    for (uint32_t index = 0; index < 256; index++) {
        uint32_t value = index;
        for (int bit = 0; bit < 8; bit++) {
            value = (value >> 1) ^ ((value & 1) ? POLYNOMIAL : 0);
        }
        table[0][index] = value;
    }
    for (int row = 1; row < 8; row++) {
        for (int index = 0; index < 256; index++) {
            uint32_t previous = table[row - 1][index];
            table[row][index] = (previous >> 8) ^ table[0][previous & 0xFF];
        }
    }
}

uint32_t segledger_crc32c_portable(uint32_t seed, const void *bytes, size_t length) {
    const uint8_t *cursor = bytes;
    uint32_t crc = ~seed;
    while (length >= 8) {
        uint32_t low, high;
        memcpy(&low, cursor, 4);
        memcpy(&high, cursor + 4, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        low = __builtin_bswap32(low);
        high = __builtin_bswap32(high);
#endif
        low ^= crc;
        crc = table[7][low & 0xFF] ^ table[6][(low >> 8) & 0xFF] ^ table[5][(low >> 16) & 0xFF]
            ^ table[4][low >> 24] ^ table[3][high & 0xFF] ^ table[2][(high >> 8) & 0xFF]
            ^ table[1][(high >> 16) & 0xFF] ^ table[0][high >> 24];
        cursor += 8;
        length -= 8;
    }
    while (length-- > 0) {
        crc = (crc >> 8) ^ table[0][(crc ^ *cursor++) & 0xFF];
    }
    return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

#define HARDWARE __attribute__((target("sse4.2")))
#define STEP_8(crc, word) ((uint32_t)_mm_crc32_u64((crc), (word)))
#define STEP_1(crc, byte) _mm_crc32_u8((crc), (byte))

static int hardware_available(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

#define HARDWARE __attribute__((target("+crc")))
#define STEP_8(crc, word) __crc32cd((crc), (word))
#define STEP_1(crc, byte) __crc32cb((crc), (byte))

static int hardware_available(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

#if defined(HARDWARE)
static inline uint64_t word_at(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

static inline uint32_t shifted(const uint32_t shift[4][256], uint32_t crc) {
    return shift[0][crc & 0xFF] ^ shift[1][(crc >> 8) & 0xFF] ^ shift[2][(crc >> 16) & 0xFF]
        ^ shift[3][crc >> 24];
}

// Sums 3 * block bytes on; `shift` is that of `block`.
HARDWARE static inline uint32_t
three_blocks(uint32_t crc, const uint8_t *bytes, size_t block, const uint32_t shift[4][256]) {
    uint32_t second = 0, third = 0;
    for (size_t index = 0; index < block; index += 8) {
        crc = STEP_8(crc, word_at(bytes + index));
        second = STEP_8(second, word_at(bytes + block + index));
        third = STEP_8(third, word_at(bytes + 2 * block + index));
    }
    return shifted(shift, shifted(shift, crc) ^ second) ^ third;
}

HARDWARE static uint32_t crc32c_hardware(uint32_t seed, const void *bytes, size_t length) {
    const uint8_t *cursor = bytes;
    uint32_t crc = ~seed;
    for (; length >= 3 * LONG_BLOCK; length -= 3 * LONG_BLOCK, cursor += 3 * LONG_BLOCK) {
        crc = three_blocks(crc, cursor, LONG_BLOCK, long_shift);
    }
    for (; length >= 3 * SHORT_BLOCK; length -= 3 * SHORT_BLOCK, cursor += 3 * SHORT_BLOCK) {
        crc = three_blocks(crc, cursor, SHORT_BLOCK, short_shift);
    }
    for (; length >= 8; length -= 8, cursor += 8) {
        crc = STEP_8(crc, word_at(cursor));
    }
    for (; length > 0; length--) {
        crc = STEP_1(crc, *cursor++);
    }
    return ~crc;
}
#else
static uint32_t crc32c_hardware(uint32_t seed, const void *bytes, size_t length) {
    return segledger_crc32c_portable(seed, bytes, length);
}

static int hardware_available(void) { return 0; }
#endif

static int use_hardware;

__attribute__((constructor)) static void choose_path(void) {
    use_hardware = hardware_available();
}

uint32_t segledger_crc32c(uint32_t seed, const void *bytes, size_t length) {
    return use_hardware ? crc32c_hardware(seed, bytes, length)
                        : segledger_crc32c_portable(seed, bytes, length);
}
