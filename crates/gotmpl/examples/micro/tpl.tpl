{{- range $i, $item := .Values.items }}
{{- range $key, $value := $item.labels }}
{{ $key }}: {{ tpl $value $ | quote }}
{{- end }}
{{- end }}
