{{- range $i, $item := .Values.items }}
---
kind: Deployment
metadata:
  name: {{ include "app.fullname" $ }}-{{ $item.name }}
  namespace: {{ $.Release.Namespace | quote }}
  labels:
    {{- include "app.labels" $ | nindent 4 }}
spec:
  {{- if not $item.autoscaling }}
  replicas: {{ $item.replicas | default 1 }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "app.selectorLabels" $ | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "app.labels" $ | nindent 8 }}
        {{- with $item.labels }}
        {{- range $key, $value := . }}
        {{ $key }}: {{ $value | quote }}
        {{- end }}
        {{- end }}
    spec:
      containers:
        - name: {{ $item.name }}
          image: {{ printf "%s/%s:%s" $.Values.registry $item.name (default $.Chart.AppVersion $item.tag) | quote }}
          {{- if and $item.port (gt ($item.port | int) 1024) }}
          ports: [{containerPort: {{ $item.port }}}]
          {{- end }}
{{- end }}
