// A few threads for what would hold up an event loop: blocking drivers, and long computations.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "timer.h"

// As many threads as resources, such as connections; each job is lent one. Lent is the one used last, so that no more
// connections are open than are used at the same time.
template <class Resource>
class Workers {
 public:
  using Clock = std::chrono::steady_clock;
  using Job = std::function<void(Resource&)>;

  explicit Workers(std::vector<std::unique_ptr<Resource>> resources) : free_(std::move(resources)) {
    for (std::size_t i = 0; i < free_.size(); ++i) threads_.emplace_back([this] { run(); });
  }

  // The process ends with its threads in place: a job may take longer than its end can wait.
  ~Workers() = delete;

  // Runs a job in its turn; calls `refuse` in its place when that does not come within `patience`.
  void submit(Job job, std::chrono::milliseconds patience, std::function<void()> refuse) {
    {
      std::lock_guard guard(lock_);
      waiting_.push_back({std::move(job), std::move(refuse), Clock::now() + patience});
    }
    changed_.notify_one();
  }

  // Refuses what has waited for too long while every thread is busy: to be called now and then.
  void refuse_late() {
    std::deque<Waiting> late;
    {
      std::lock_guard guard(lock_);
      const auto now = Clock::now();
      while (!waiting_.empty() && waiting_.front().until < now) {
        late.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    for (auto& job : late) job.refuse();
  }

 private:
  struct Waiting {
    Job job;
    std::function<void()> refuse;
    Clock::time_point until;
  };

  void run() {
    std::unique_lock guard(lock_);
    for (;;) {
      changed_.wait(guard, [this] { return !waiting_.empty(); });
      auto next = std::move(waiting_.front());
      waiting_.pop_front();
      auto lent = std::move(free_.back());
      free_.pop_back();
      guard.unlock();
      if (next.until < Clock::now()) {
        next.refuse();
      } else {
        next.job(*lent);
      }
      // What a job holds, such as its request, ends with it and not with the next one.
      next = {};
      guard.lock();
      free_.push_back(std::move(lent));
    }
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::vector<std::unique_ptr<Resource>> free_;
  std::vector<std::thread> threads_;
};

// Has refuse_late() called ten times a second, for ever.
template <class Resource>
void watch(Timer& timer, Workers<Resource>& workers) {
  timer.after(std::chrono::milliseconds(100), [&timer, &workers] {
    workers.refuse_late();
    watch(timer, workers);
  });
}
