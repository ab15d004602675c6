{{- $sum := 0 }}
{{- range $i := until 200 }}
{{- $sum = add $sum $i }}
{{- if eq (mod $i 3) 0 }}
- {{ $i }}: {{ $sum }}
{{- else if and (gt $i 10) (lt $i 150) }}
- {{ printf "%d-%s" $i "x" | upper | quote }}
{{- else }}
- {{ $i }}
{{- end }}
{{- end }}
{{- range $key, $value := .Values.map }}
{{ $key }}: {{ $value | quote }}
{{- end }}
