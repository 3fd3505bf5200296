"""What gradients do through time: Jacobians, their spectra, Lyapunov exponents, growth rates."""
