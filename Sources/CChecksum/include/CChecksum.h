#ifndef SEGLEDGER_CCHECKSUM_H
#define SEGLEDGER_CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, as in RFC 3720) of `length` bytes,
/// continued from `seed`; start with 0. Uses the processor's instruction where it has one.
uint32_t segledger_crc32c(uint32_t seed, const void *bytes, size_t length);

/// The same by table alone: what the hardware path is tested against.
uint32_t segledger_crc32c_portable(uint32_t seed, const void *bytes, size_t length);

#endif
