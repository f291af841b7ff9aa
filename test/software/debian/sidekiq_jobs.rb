# Sidekiq: a worker process loads this file; `ruby sidekiq_jobs.rb push` fills its queues and waits for what it did.
require "sidekiq"

URL = "redis://127.0.0.1:#{ENV.fetch("PORT")}/5"
Sidekiq.configure_server do |config|
  config.redis = { url: URL }
  config.options[:poll_interval_average] = 1
end
Sidekiq.configure_client { |config| config.redis = { url: URL } }

class Count
  include Sidekiq::Worker

  def perform(name, number)
    Sidekiq.redis { |redis| redis.incrby(name, number) }
  end
end

class Flaky
  include Sidekiq::Worker
  sidekiq_options retry: 3
  sidekiq_retry_in { 1 }

  def perform
    tries = Sidekiq.redis { |redis| redis.incr("tries") }
    raise "not yet" if tries < 2
  end
end

if ARGV[0] == "push"
  until_equal = lambda do |key, wanted|
    deadline = Time.now + 60
    until (got = Sidekiq.redis { |redis| redis.get(key) }.to_i) == wanted
      abort "#{key} is #{got} instead of #{wanted}" if Time.now > deadline
      sleep 0.05
    end
  end
  Sidekiq::Client.push_bulk("class" => Count, "args" => (1..100).map { |n| ["sum", n] })
  20.times { Count.perform_async("sum", 1) }
  until_equal.call("sum", 5070)
  Count.perform_in(1, "scheduled", 7)
  Flaky.perform_async
  until_equal.call("scheduled", 7)
  until_equal.call("tries", 2)
  require "sidekiq/api"
  stats = Sidekiq::Stats.new
  abort "#{stats.scheduled_size} scheduled, #{stats.retry_size} to be tried again" if stats.scheduled_size + stats.retry_size > 0
  puts "120 jobs, a scheduled one, one that is tried again"
end
