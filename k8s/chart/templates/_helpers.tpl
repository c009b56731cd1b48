{{/* What Helm's objects carry beside the labels that the plain manifests give them. */}}
{{- define "kernel-gossip.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The labels of an object of the operator, or of the observer: a dict of `root` and `name`. */}}
{{- define "kernel-gossip.labelsOf" -}}
app.kubernetes.io/name: {{ .name }}
{{ include "kernel-gossip.labels" .root }}
{{- end }}

{{/* An image by its digest where there is one, else by its tag: a dict of `root` and `image`. */}}
{{- define "kernel-gossip.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* Settings as variables of the environment. A number of a values file is a float, and not all would read 1e+06. */}}
{{- define "kernel-gossip.settings" -}}
{{- range $name, $value := . -}}
- name: {{ $name }}
  {{- if kindIs "float64" $value }}
  value: {{ regexReplaceAll "\\.?0+$" (printf "%.6f" $value) "" | quote }}
  {{- else }}
  value: {{ toString $value | quote }}
  {{- end }}
{{ end }}
{{- end }}

{{/* The namespace of the observer, which is looked at from both sides. */}}
{{- define "kernel-gossip.observerNamespace" -}}
{{- if and .Values.observer.enabled (eq .Values.observer.namespace.name .Release.Namespace) }}
{{- fail "observer.namespace.name: must not be the namespace of the release: who may create pods beside the observer may do anything on every node" }}
{{- end }}
{{- .Values.observer.namespace.name }}
{{- end }}

{{/* Namespaces of whoever is let in, as a peer of a NetworkPolicy. */}}
{{- define "kernel-gossip.namespacesNamed" -}}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values: {{ toJson . }}
{{- end }}

{{/*
A plain manifest with what a release puts into it: namespaces, Helm's labels, and further ones where there are any. A dict of
`root`, `file` and `labels`. As text, so that what is said once is not said again in a template, and no number becomes a float.
*/}}
{{- define "kernel-gossip.plain" -}}
{{- $labels := include "kernel-gossip.labels" .root }}
{{- with .labels }}
{{- $labels = printf "%s\n%s" $labels (toYaml .) }}
{{- end }}
{{- $text := regexReplaceAll "(?m)^(    app.kubernetes.io/name: .*)$" (.root.Files.Get .file) (printf "${1}\n%s" (indent 4 $labels)) }}
{{- /* One pass for both, by way of a sign that no text has: either may be called what the other is called here. */}}
{{- $text = regexReplaceAll "(namespace: |namespace=\"|-n )kernel-gossip-observer\\b" $text "${1}\x01" }}
{{- $text = regexReplaceAll "(?m)namespace: kernel-gossip$" $text (printf "namespace: %q" .root.Release.Namespace) }}
{{- $text = regexReplaceAll "(?m)-n kernel-gossip(\\s|$)" $text (printf "-n %s${1}" .root.Release.Namespace) }}
{{- if contains "\x01" $text }}
{{- $observer := include "kernel-gossip.observerNamespace" .root }}
{{- $text = replace "namespace: \x01" (printf "namespace: %q" $observer) $text }}
{{- $text = replace "\x01" $observer $text }}
{{- end }}
{{- $text }}
{{- end }}
