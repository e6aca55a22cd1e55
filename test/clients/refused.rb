require "net/http"
puts Net::HTTP.post(URI(ARGV[0]), " " * 20_000_000, "content-type" => "application/json").code
