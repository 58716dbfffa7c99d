// TensorFlow's shape inference, as far as shape functions of ours use it: sizes below 0 are unknown.
#include <optional>

#include "fake-tensorflow.h"

struct TF_ShapeHandle {
  bool known = false;  // the rank is
  std::vector<int64_t> sizes;
};
struct TF_DimensionHandle {
  int64_t size = -1;
};
struct TF_ShapeInferenceContext {
  std::vector<TF_ShapeHandle> inputs, outputs;
};

TF_Status inferShapes(void (*infer)(TF_ShapeInferenceContext*, TF_Status*), const std::vector<TF_Tensor>& inputs,
                      size_t outputs, std::vector<std::optional<std::vector<int64_t>>>& inferred) {
  TF_ShapeInferenceContext context;
  for (const TF_Tensor& input : inputs) context.inputs.push_back({true, input.dims});
  context.outputs.resize(outputs);
  TF_Status status;
  if (infer == nullptr) return status;
  infer(&context, &status);
  if (status.code != TF_OK) return status;
  for (const TF_ShapeHandle& output : context.outputs)
    inferred.push_back(output.known ? std::optional(output.sizes) : std::nullopt);
  // Of unknown inputs shape functions must say nothing, and not fail.
  TF_ShapeInferenceContext nothing;
  nothing.inputs.resize(inputs.size());
  nothing.outputs.resize(outputs);
  infer(&nothing, &status);
  return status;
}

extern "C" {
TF_ShapeHandle* TF_NewShapeHandle() { return new TF_ShapeHandle(); }
void TF_DeleteShapeHandle(TF_ShapeHandle* handle) { delete handle; }
TF_DimensionHandle* TF_NewDimensionHandle() { return new TF_DimensionHandle(); }
void TF_DeleteDimensionHandle(TF_DimensionHandle* handle) { delete handle; }
void TF_ShapeInferenceContextGetInput(TF_ShapeInferenceContext* context, int index, TF_ShapeHandle* handle,
                                      TF_Status*) {
  *handle = context->inputs.at(static_cast<size_t>(index));
}
void TF_ShapeInferenceContextSetOutput(TF_ShapeInferenceContext* context, int index, TF_ShapeHandle* handle,
                                       TF_Status*) {
  context->outputs.at(static_cast<size_t>(index)) = *handle;
}
void TF_ShapeInferenceContextSetUnknownShape(TF_ShapeInferenceContext* context, TF_Status*) {
  for (TF_ShapeHandle& output : context->outputs) output = {};
}
int64_t TF_ShapeInferenceContextRank(TF_ShapeInferenceContext*, TF_ShapeHandle* handle) {
  return static_cast<int64_t>(handle->sizes.size());
}
int TF_ShapeInferenceContextRankKnown(TF_ShapeInferenceContext*, TF_ShapeHandle* handle) { return handle->known; }
void TF_ShapeInferenceContextWithRank(TF_ShapeInferenceContext*, TF_ShapeHandle* handle, int64_t rank,
                                      TF_ShapeHandle* result, TF_Status* status) {
  if (!handle->known) *result = {true, std::vector<int64_t>(static_cast<size_t>(rank), -1)};
  else if (static_cast<int64_t>(handle->sizes.size()) == rank) *result = *handle;
  else TF_SetStatus(status, TF_INVALID_ARGUMENT, "another rank");
}
void TF_ShapeInferenceContextDim(TF_ShapeInferenceContext*, TF_ShapeHandle* handle, int64_t index,
                                 TF_DimensionHandle* result) {
  result->size = handle->known ? handle->sizes.at(static_cast<size_t>(index)) : -1;
}
int TF_DimensionHandleValueKnown(TF_DimensionHandle* handle) { return handle->size >= 0; }
int64_t TF_DimensionHandleValue(TF_DimensionHandle* handle) { return handle->size; }
void TF_ShapeInferenceContextSubshape(TF_ShapeInferenceContext*, TF_ShapeHandle* handle, int64_t start, int64_t end,
                                      TF_ShapeHandle* result, TF_Status*) {
  const auto from = handle->sizes.begin();
  *result = {true, std::vector<int64_t>(from + start, from + end)};
}
void TF_ShapeInferenceContextConcatenateShapes(TF_ShapeInferenceContext*, TF_ShapeHandle* first, TF_ShapeHandle* second,
                                               TF_ShapeHandle* result, TF_Status*) {
  TF_ShapeHandle whole = *first;
  whole.sizes.insert(whole.sizes.end(), second->sizes.begin(), second->sizes.end());
  *result = whole;
}
}
