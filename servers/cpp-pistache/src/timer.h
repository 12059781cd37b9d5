// Calls things later, in a thread of its own, so that an event loop never sleeps for a request.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

class Timer {
 public:
  using Clock = std::chrono::steady_clock;

  Timer() : thread_([this] { run(); }) {}

  ~Timer() {
    {
      std::lock_guard guard(lock_);
      ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  // call must be short: all that is due waits for it.
  void after(std::chrono::milliseconds delay, std::function<void()> call) {
    const auto due = Clock::now() + delay;
    bool first;
    {
      std::lock_guard guard(lock_);
      first = waiting_.empty() || due < waiting_.top().due;
      waiting_.push({due, std::move(call)});
    }
    if (first) changed_.notify_one();
  }

 private:
  struct Call {
    Clock::time_point due;
    std::function<void()> call;
    bool operator<(const Call& other) const { return due > other.due; }
  };

  void run() {
    std::unique_lock guard(lock_);
    while (!ended_) {
      if (waiting_.empty()) {
        changed_.wait(guard);
      } else if (const auto due = waiting_.top().due; Clock::now() < due) {
        changed_.wait_until(guard, due);
      } else {
        auto call = std::move(const_cast<Call&>(waiting_.top()).call);
        waiting_.pop();
        guard.unlock();
        call();
        guard.lock();
      }
    }
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::priority_queue<Call> waiting_;
  bool ended_ = false;
  std::thread thread_;
};
