#include "registration-list.h"

#include <cstdio>

namespace convoy {

bool registerOps(RegistrationList ops, char* message, size_t room) {
  TF_Status* status = TF_NewStatus();
  for (const Registration* op : ops) {
    const Schema& schema = *op->schema;
    TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(schema.name);
    for (int i = 0; i < schema.inputCount; i++) TF_OpDefinitionBuilderAddInput(definition, schema.inputs[i]);
    for (int i = 0; i < schema.outputCount; i++) TF_OpDefinitionBuilderAddOutput(definition, schema.outputs[i]);
    for (int i = 0; i < schema.attributeCount; i++) TF_OpDefinitionBuilderAddAttr(definition, schema.attributes[i]);
    TF_OpDefinitionBuilderSetIsStateful(definition, schema.stateful);
    TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, op->inferShapes);
    TF_RegisterOpDefinition(definition, status);
    if (TF_GetCode(status) != TF_OK) break;
    TF_KernelBuilder* builder = TF_NewKernelBuilder(schema.name, "CPU", op->create, op->compute, op->destroy);
    TF_RegisterKernelBuilder(schema.name, builder, status);
    if (TF_GetCode(status) != TF_OK) break;
  }
  const bool done = TF_GetCode(status) == TF_OK;
  if (!done) snprintf(message, room, "%s", TF_Message(status));
  TF_DeleteStatus(status);
  return done;
}

}  // namespace convoy
