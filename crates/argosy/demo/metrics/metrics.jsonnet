local deployment(name) = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'metrics-' + name },
  spec: {
    selector: { matchLabels: { app: 'metrics', part: name } },
    template: {
      metadata: { labels: { app: 'metrics', part: name } },
      spec: { containers: [{ name: name, image: 'example.com/metrics-' + name + ':1' }] },
    },
  },
};

[deployment(name) for name in ['collector', 'store']]
