// Instruction sets that ops are compiled for, and the choice among them.
#pragma once
#include "op/registration-list.h"

namespace convoy {

/** What a processor multiplies bfloat16 with: dot products in vectors (AVX512-BF16), or tiles (AMX). */
struct Bfloat16Units {
  bool vectors, tiles;
};

/** An instruction set. */
struct InstructionSet {
  const char* name;
  /** Its ops; none where the compiler did not know its instructions. */
  RegistrationList ops;
  /** Whether this processor has it. */
  bool (*supported)();
  /** Whether it multiplies bfloat16 by dot products. */
  bool dotsBfloat16;
};

/** All of them, the quickest last. The first runs everywhere, and is used only when a person asks for it. */
constexpr int instructionSetCount = 4;
extern const InstructionSet instructionSets[instructionSetCount];

/** Whether this library has a set and this processor too. */
bool available(const InstructionSet&);

/** The quickest set that is available but `scalar`, whose ops are no quicker than TensorFlow's; null where there is
 * none. */
const InstructionSet* quickestSet();

/** The set of that name, if it is available; else null. */
const InstructionSet* setNamed(const char* name);

Bfloat16Units bfloat16Units();

}  // namespace convoy
