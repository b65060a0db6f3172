-- Requests from a file (path <tab> body, one a line), or the address of the command line; then one
-- line of JSON with what was answered.
local lines, at = nil, 0
function init(args)
  if args[1] then
    lines = {}
    for line in io.lines(args[1]) do
      local path, body = line:match("^([^\t]*)\t(.*)$")
      lines[#lines + 1] = wrk.format("POST", path, nil, body)
    end
    request = function()
      at = at + 1
      return lines[at] or lines[#lines]
    end
  end
end
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %.6f, "p50": %.3f, "p95": %.3f, "p99": %.3f, "errors": %d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
