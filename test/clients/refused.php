<?php
$options = ['method' => 'POST', 'header' => 'content-type: application/json', 'content' => str_repeat(' ', 20_000_000), 'ignore_errors' => true];
for ($i = 0; $i < (int) $argv[1]; $i++) {
    file_get_contents($argv[2], false, stream_context_create(['http' => $options]));
    echo explode(' ', $http_response_header[0])[1], "\n";
}
