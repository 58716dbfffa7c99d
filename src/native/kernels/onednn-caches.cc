// What oneDNN, within TensorFlow's library, takes the processor's caches to be.
//
// A hypervisor may leave an AMD processor's description of its caches empty (CPUID, leaf 0x8000001D). The oneDNN 3.7 of
// TensorFlow 2.21 then believes in three caches of one byte: its convolutions compute wrong sums, write where they may
// not and divide by zero. Its record of the processor (Xbyak::util::Cpu) is private, but holds enough to be recognized:
// the patch looks for it in the library's own writable data and corrects its sizes. Later versions of oneDNN guess
// usual sizes.
#include "onednn-caches.h"

#include <cpuid.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace convoy {
namespace {

/** TensorFlows whose oneDNN was seen to have the record below. Others are left alone. */
constexpr const char* knownVersions[] = {"2.21"};

/** The end of Xbyak::util::Cpu: bytes of each level of cache, cores that share it, levels, and the processor by CPUID's
 * leaf 1. */
struct CacheRecord {
  uint32_t bytes[10];
  uint32_t sharing[10];
  uint32_t levels;
  uint32_t avx10;
  int32_t model, family, stepping, extendedModel, extendedFamily, displayFamily, displayModel;
};

/** The record where the description is empty. */
CacheRecord emptyRecord() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  __get_cpuid(1, &a, &b, &c, &d);
  const auto bits = [a](int first, int count) { return static_cast<int32_t>(a >> first & ((1u << count) - 1)); };
  const int32_t model = bits(4, 4), family = bits(8, 4), extendedModel = bits(16, 4), extendedFamily = bits(20, 8);
  return {{1, 1, 1},
          {1, 1, 1},
          3,
          0,
          model,
          family,
          bits(0, 4),
          extendedModel,
          extendedFamily,
          family + extendedFamily,
          extendedModel * 16 + model};
}

/** Sizes of the first two levels from AMD's older leaves, which stay filled, else as oneDNN guesses; of the third, its
 * guess of a core's share. */
void knownSizes(uint32_t bytes[3]) {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  const uint32_t first = __get_cpuid(0x80000005, &a, &b, &c, &d) ? c >> 24 : 0;
  const uint32_t second = __get_cpuid(0x80000006, &a, &b, &c, &d) ? c >> 16 : 0;
  bytes[0] = (first == 0 ? 32 : first) << 10;
  bytes[1] = (second == 0 ? 512 : second) << 10;
  bytes[2] = 1024 << 10;
}

/** Corrects the records in the writable data of one library, if it is TensorFlow's; `corrected` counts them. */
int correctIn(dl_phdr_info* library, size_t, void* corrected) {
  if (strstr(library->dlpi_name, "libtensorflow") == nullptr) return 0;
  const CacheRecord empty = emptyRecord();
  for (int index = 0; index < library->dlpi_phnum; index++) {
    const ElfW(Phdr)& part = library->dlpi_phdr[index];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) == 0) continue;
    const ElfW(Addr) start = library->dlpi_addr + part.p_vaddr;
    for (ElfW(Addr) at = (start + 3) / 4 * 4; at + sizeof empty <= start + part.p_memsz; at += 4) {
      if (memcmp(reinterpret_cast<void*>(at), &empty, sizeof empty) != 0) continue;
      knownSizes(reinterpret_cast<CacheRecord*>(at)->bytes);
      ++*static_cast<int*>(corrected);
    }
  }
  return 0;
}

/** Whether a TensorFlow is one whose oneDNN has the record above. */
bool hasKnownRecord(const char* version) {
  for (const char* known : knownVersions) {
    const size_t length = strlen(known);
    if (strncmp(version, known, length) == 0 && (version[length] == '.' || version[length] == '\0')) return true;
  }
  return false;
}

}  // namespace

int correctCaches(const char* tensorflowVersion) {
  uint32_t type = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(0x8000001D, 0, &type, &b, &c, &d) || (type & 31) != 0) return -1;
  int corrected = 0;
  if (hasKnownRecord(tensorflowVersion)) dl_iterate_phdr(correctIn, &corrected);
  return corrected;
}

}  // namespace convoy
