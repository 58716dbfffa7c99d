// The registrations of an instruction set: what the linker gathered in its section (see registration.h).
#pragma once
#include "schema.h"

namespace convoy {

/** An op for one instruction set. */
struct Registration {
  const Schema* schema;
  void (*inferShapes)(TF_ShapeInferenceContext*, TF_Status*);
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void* kernel, TF_OpKernelContext*);
  void (*destroy)(void* kernel);
};

struct RegistrationList {
  const Registration* const* first;
  const Registration* const* behind;
  const Registration* const* begin() const { return first; }
  const Registration* const* end() const { return behind; }
};

/** Registers the ops with TensorFlow; false with the reason in `message`. */
bool registerOps(RegistrationList, char* message, size_t room);

}  // namespace convoy
