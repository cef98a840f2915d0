// Contract: training/trainer.h: how a training ends before its last step, and goes on.
// Oracle:   the training that was not interrupted.
#include "training/trainer.h"

#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

#include "tests/training/trainer_fixture.h"

namespace gradvitals::test {
namespace {

TEST_F(TrainerTest, StopEndsItAfterTheStepAndRunGoesOn) {
  class Stops : public Recorder {
   public:
    void on_step(const TrainingStep& step) override {
      Recorder::on_step(step);
      if (step.step == 3) step.trainer.stop();
    }
  };
  Sequential trained = model();
  Stops stops;
  Trainer trainer(stream_, trained, data_, ring_options(8));
  trainer.add_observer(stops);
  const TrainingResult first = trainer.run();
  EXPECT_EQ(first.steps, 4);
  EXPECT_FALSE(first.is_complete);
  const TrainingResult second = trainer.run();
  EXPECT_EQ(second.steps, 8);
  EXPECT_TRUE(second.is_complete);
  EXPECT_EQ(weight_bits(trained), by_hand(8));
}

TEST_F(TrainerTest, AStopInTheLastStepOfARunDoesNotStopTheNext) {
  class Stops : public TrainingObserver {
   public:
    void on_step(const TrainingStep& step) override {
      if (step.step == 2) step.trainer.stop();
    }
  };
  Sequential trained = model();
  Stops stops;
  Trainer trainer(stream_, trained, data_, ring_options(8));
  trainer.add_observer(stops);
  EXPECT_EQ(trainer.run(3).steps, 3);
  EXPECT_EQ(trainer.run().steps, 8);
}

Trainer* trainer_to_stop = nullptr;
extern "C" void stop_the_trainer(int /*signal*/) {
  trainer_to_stop->stop();
}

TEST_F(TrainerTest, ASignalHandlerMayStopIt) {
  class Raises : public TrainingObserver {
    void on_step(const TrainingStep& step) override {
      if (step.step == 2) std::raise(SIGUSR1);
    }
  };
  Sequential trained = model();
  Raises raises;
  Trainer trainer(stream_, trained, data_, ring_options(8));
  trainer.add_observer(raises);
  trainer_to_stop = &trainer;
  const auto before = std::signal(SIGUSR1, stop_the_trainer);
  EXPECT_EQ(trainer.run().steps, 3);
  std::signal(SIGUSR1, before);
}

TEST_F(TrainerTest, AnObserverThatThrowsEndsRunAndTheStepIsMadeAnew) {
  class Throws : public TrainingObserver {
   public:
    void on_step(const TrainingStep& step) override {
      if (step.step == 3 && !has_thrown_) {
        has_thrown_ = true;
        throw std::runtime_error("enough");
      }
    }

   private:
    bool has_thrown_ = false;
  };
  const char* const words = "2-16-relu-dropout0.5-3";
  Sequential trained = model(words);
  Throws throws;
  Trainer trainer(stream_, trained, data_, ring_options(6));
  trainer.add_observer(throws);
  EXPECT_THROW(trainer.run(), std::runtime_error);
  EXPECT_EQ(trainer.step(), 3);
  EXPECT_EQ(trainer.run().steps, 6);
  EXPECT_EQ(trainer.tracker().steps(), 6) << "a step that was made anew is judged once";
  Sequential quiet = model(words);
  Trainer(stream_, quiet, data_, ring_options(6)).run();
  EXPECT_EQ(weight_bits(trained), weight_bits(quiet));
}

}  // namespace
}  // namespace gradvitals::test
