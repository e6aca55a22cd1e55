require "net/http"
ARGV[0].to_i.times do
  puts Net::HTTP.post(URI(ARGV[1]), " " * 20_000_000, "content-type" => "application/json").code
end
