#include "CChecksum.h"

#include <string.h>

// CRC-32C. The portable path is the slicing-by-8 table method (Kounavis and Berry, 2005); the
// hardware path uses the CRC32 instruction of SSE4.2 or ARMv8, chosen once at run time.

static uint32_t table[8][256];

__attribute__((constructor)) static void build_tables(void) {
    for (uint32_t index = 0; index < 256; index++) {
        uint32_t value = index;
        for (int bit = 0; bit < 8; bit++) {
            value = (value >> 1) ^ ((value & 1) ? 0x82F63B78u : 0);
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

__attribute__((target("sse4.2"))) static uint32_t
crc32c_hardware(uint32_t seed, const void *bytes, size_t length) {
    const uint8_t *cursor = bytes;
    uint64_t crc = (uint32_t)~seed;
    for (; length >= 8; length -= 8, cursor += 8) {
        uint64_t word;
        memcpy(&word, cursor, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    uint32_t tail = (uint32_t)crc;
    for (; length > 0; length--) {
        tail = _mm_crc32_u8(tail, *cursor++);
    }
    return ~tail;
}

static int hardware_available(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

__attribute__((target("+crc"))) static uint32_t
crc32c_hardware(uint32_t seed, const void *bytes, size_t length) {
    const uint8_t *cursor = bytes;
    uint32_t crc = ~seed;
    for (; length >= 8; length -= 8, cursor += 8) {
        uint64_t word;
        memcpy(&word, cursor, 8);
        crc = __crc32cd(crc, word);
    }
    for (; length > 0; length--) {
        crc = __crc32cb(crc, *cursor++);
    }
    return ~crc;
}

static int hardware_available(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
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
