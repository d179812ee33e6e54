/** CustomResourceDefinitions as upstream keeps them in its store: still as v1beta1, which nobody serves any more. */

export const definitionsAreStoredIn = 'v1beta1';

type Fields = Readonly<Record<string, unknown>>;

/** The same definition as v1 has it; anything else as it is. */
export function modernDefinition(json: Fields): Fields {
  if (json['apiVersion'] !== `apiextensions.k8s.io/${definitionsAreStoredIn}` || json['kind'] !== 'CustomResourceDefinition') return json;
  const { version, versions, validation, subresources, additionalPrinterColumns, selectableFields, conversion, preserveUnknownFields, ...rest } = json['spec'] as Fields;
  // What is said once for all versions is said for each.
  const shared = without({ schema: validation, subresources, additionalPrinterColumns, selectableFields });
  const given = (versions ?? []) as readonly Fields[];
  const each = given.length > 0 ? given : [{ name: version, served: true, storage: true }];
  const spec = {
    scope: 'Namespaced',
    ...rest,
    versions: each.map((own) => {
      const all: Fields = { ...shared, ...own };
      const columns = all['additionalPrinterColumns'] as readonly Fields[] | undefined;
      return columns ? { ...all, additionalPrinterColumns: columns.map(({ JSONPath: jsonPath, ...column }) => ({ ...column, jsonPath })) } : all;
    }),
    ...without({ conversion: conversion && modernConversion(conversion as Fields) }),
    preserveUnknownFields: preserveUnknownFields ?? true,
  };
  return { ...json, apiVersion: 'apiextensions.k8s.io/v1', spec };
}

function modernConversion({ strategy, webhookClientConfig, conversionReviewVersions }: Fields): Fields {
  if (strategy !== 'Webhook') return { strategy };
  return { strategy, webhook: without({ clientConfig: webhookClientConfig, conversionReviewVersions: conversionReviewVersions ?? ['v1beta1'] }) };
}

function without(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}
