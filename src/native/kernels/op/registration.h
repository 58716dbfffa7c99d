// How an op's file registers its op: `CONVOY_REGISTER_OP(schema, Kernel)` at its end, once for each instruction set.
//
// Registrations are constants in a section of the library that the linker names after the instruction set. So no code
// of a set runs before the set is chosen: constructors of static objects would, with instructions that the processor
// may not have.
#pragma once
#include <new>

#include "call.h"
#include "registration-list.h"
#include "simd/simd.h"

namespace convoy {
namespace {

template <const Schema& schema>
void inferShapesOf(TF_ShapeInferenceContext* context, TF_Status* status) {
  Shapes shapes(context, status, schema.name, schema.inputs);
  schema.inferShapes(shapes);
}

template <typename Kernel, const Schema& schema>
void* createKernel(TF_OpKernelConstruction* context) {
  Construction construction(context, schema);
  return new (std::nothrow) Kernel(construction);
}

template <typename Kernel, const Schema& schema>
void runKernel(void* kernel, TF_OpKernelContext* context) {
  Call call(context, schema);
  try {
    static_cast<const Kernel*>(kernel)->compute(call);
  } catch (const std::bad_alloc&) {
    call.failForMemory();
  }
}

template <typename Kernel>
void destroyKernel(void* kernel) {
  delete static_cast<Kernel*>(kernel);
}

/** Calls `run` with a number of x's type. */
template <typename Run>
inline void inTypeOf(const Tensor& x, Run run) {
  if (x.type() == TF_BFLOAT16) run(Bfloat16{});
  else run(float{});
}

}  // namespace
}  // namespace convoy

#define CONVOY_REGISTER_OP(schema, Kernel)                                              \
  constexpr ::convoy::Registration registration = {                                     \
      &schema, ::convoy::inferShapesOf<schema>, ::convoy::createKernel<Kernel, schema>, \
      ::convoy::runKernel<Kernel, schema>, ::convoy::destroyKernel<Kernel>};            \
  __attribute__((used, section(CONVOY_STRING(convoy_ops_) CONVOY_STRING(CONVOY_SET))))  \
  const ::convoy::Registration* registered = &registration;
