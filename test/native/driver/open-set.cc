#include <cstdio>

#include "instruction-sets.h"

bool openSet(const char* name) {
  const convoy::InstructionSet* set = convoy::setNamed(name);
  char message[256];
  return set != nullptr && convoy::registerOps(set->ops, message, sizeof message);
}
