// What oneDNN, within TensorFlow's library, takes the processor's caches to be.
//
// A hypervisor may leave the processor's description of its caches empty (CPUID, leaf 0x8000001D). The oneDNN 3.7 of
// TensorFlow 2.21 then believes in three caches of one byte: its convolutions give wrong sums, write where they may not and
// divide by zero. Its record of the processor (Xbyak::util::Cpu) is private,
// but says so much that it is known by it: it is sought in the library's own data and its sizes are put right.
#pragma once
#include <cpuid.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace convoy {

/** The end of the record: bytes of each level of cache, cores that share it, levels, and what CPUID's leaf 1 calls the processor. */
struct CacheRecord {
  uint32_t bytes[10];
  uint32_t sharing[10];
  uint32_t levels;
  uint32_t avx10;
  int32_t model, family, stepping, extendedModel, extendedFamily, displayFamily, displayModel;
};

/** The record as it is where the description is empty. */
inline CacheRecord emptyRecord() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  __get_cpuid(1, &a, &b, &c, &d);
  const auto bits = [a](int first, int count) { return static_cast<int32_t>(a >> first & ((1u << count) - 1)); };
  const int32_t model = bits(4, 4), family = bits(8, 4), extendedModel = bits(16, 4), extendedFamily = bits(20, 8);
  return {{1, 1, 1}, {1, 1, 1}, 3, 0, model, family, bits(0, 4), extendedModel, extendedFamily, family + extendedFamily, extendedModel * 16 + model};
}

/** Sizes of the first two levels from AMD's older leaves, which stay filled, else as oneDNN guesses; of the third, its guess of a core's part. */
inline void knownSizes(uint32_t bytes[3]) {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  const uint32_t first = __get_cpuid(0x80000005, &a, &b, &c, &d) ? c >> 24 : 0;
  const uint32_t second = __get_cpuid(0x80000006, &a, &b, &c, &d) ? c >> 16 : 0;
  bytes[0] = (first == 0 ? 32 : first) << 10;
  bytes[1] = (second == 0 ? 512 : second) << 10;
  bytes[2] = 1024 << 10;
}

/** Mends the records in the writable data of one library; `mended` counts them. */
inline int mendIn(dl_phdr_info* library, size_t, void* mended) {
  if (strstr(library->dlpi_name, "libtensorflow") == nullptr) return 0;
  const CacheRecord empty = emptyRecord();
  for (int index = 0; index < library->dlpi_phnum; index++) {
    const ElfW(Phdr)& part = library->dlpi_phdr[index];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) == 0) continue;
    const ElfW(Addr) start = library->dlpi_addr + part.p_vaddr;
    for (ElfW(Addr) at = (start + 3) / 4 * 4; at + sizeof empty <= start + part.p_memsz; at += 4) {
      if (memcmp(reinterpret_cast<void*>(at), &empty, sizeof empty) != 0) continue;
      knownSizes(reinterpret_cast<CacheRecord*>(at)->bytes);
      ++*static_cast<int*>(mended);
    }
  }
  return 0;
}

/** Puts the sizes right; gives how many records were mended, -1 where none is wrong: the processor describes its caches, or is too old to. */
inline int mendCaches() {
  uint32_t type = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(0x8000001D, 0, &type, &b, &c, &d) || (type & 31) != 0) return -1;
  int mended = 0;
  dl_iterate_phdr(mendIn, &mended);
  return mended;
}

}  // namespace convoy
